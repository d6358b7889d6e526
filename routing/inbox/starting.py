"""Starting a session with a customer."""

from __future__ import annotations

from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from channels_app.models import Number, Template
from providers.base import Provider

from .. import desk
from ..models import Customer
from .access import AgentRequest, agent
from .pages import desk_page
from .templating import filled_in, offered

PHONE_HELP = gettext_lazy("With country code, like +41 79 123 45 10.")


@require_http_methods(["GET", "POST"])
@agent
def new_session(request: AgentRequest) -> HttpResponse:
    """A form with the numbers this agent may use; then the session it began."""
    numbers, refusal = desk.numbers_to_start_from(request.extension), ""
    channels = numbers.order_by().values("channel")
    usable = Template.objects.filter(usable=True, channel__in=channels)
    if request.method == "POST":
        form, chosen = request.POST, request.POST.get("number", "")
        number = numbers.filter(pk=chosen).first() if chosen.isdecimal() else None
        try:
            if number is None:
                raise desk.Refused(_("Choose the number to write from."))
            template, values = filled_in(usable.filter(channel=number.channel_id), form)
            session = desk.start(
                request.extension,
                number,
                form.get("recipient", ""),
                "" if template else form.get("text", ""),
                template=template,
                values=values,
                client_key=form.get("client_key", "")[:64],
            )
            return _shown(request, session.pk)
        except (desk.Refused, desk.AlreadyTaken, desk.SessionClosed) as error:
            refusal = str(error)
    places = [_place(number) for number in numbers]
    context = {
        "numbers": places,
        "templates": offered(usable, request.POST),
        "phones": all(place["phone"] for place in places),
        "help": places[0]["help"] if places else "",
        "refusal": refusal,
        "typed": request.POST or request.GET,
        "key": request.POST.get("client_key") or uuid4().hex,
    }
    return desk_page(request, "inbox/_start.html", context, status=422 if refusal else 200)


def _place(number: Number) -> dict[str, object]:
    """A number to write from, and how the customers behind it are addressed."""
    provider = number.channel.provider_class
    phone = provider.network == Customer.PHONE
    return {"number": number, "phone": phone, "help": PHONE_HELP if phone else _help(provider)}


def _help(provider: type[Provider]) -> str:
    help = provider.customer_help
    parts = [help or _("The customer's address in %(provider)s.") % {"provider": provider.name}]
    if not provider.starts:
        parts.append(_("Only customers who have written before can be reached."))
    return " ".join(parts)


def _shown(request: AgentRequest, pk: int) -> HttpResponse:
    address = reverse("session", args=[pk])
    if request.htmx:
        return HttpResponse(status=204, headers={"X-Parley-Open": address})
    return redirect(address)
