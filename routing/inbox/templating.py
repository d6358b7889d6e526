"""Choosing a template, and filling it in: a dialog of the composer, a part of New session."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_app.models import Template

from .. import desk
from .access import AgentRequest, agent
from .actions import REFUSALS, outcome
from .composing import Composer
from .pages import desk_page, visible


@require_http_methods(["GET", "POST"])
@agent
def template(request: AgentRequest, pk: int) -> HttpResponse:
    """The dialog of the templates that may be sent here; then the one that was filled in."""
    found, refusal, form = visible(request, pk), "", request.POST
    usable = found.channel.templates.filter(usable=True)
    if request.method == "POST":
        try:
            chosen, values = filled_in(usable, form)
            if chosen is None:
                raise desk.Refused(_("Choose a template."))
            key = form.get("client_key", "")[:64]
            desk.write(request.extension, found, template=chosen, values=values, client_key=key)
            return outcome(request, pk)
        except REFUSALS as error:
            refusal = str(error)
    context = {
        "session": found,
        "refusal": refusal,
        "templates": offered(usable, form),
        "key": form.get("client_key") or Composer(found).key,
    }
    status = 422 if refusal else 200
    if request.htmx:
        return render(request, "inbox/_template.html", context, status=status)
    return desk_page(request, "inbox/_template.html", context, status=status)


def filled_in(templates: QuerySet[Template], form: QueryDict) -> tuple[Template | None, list[str]]:
    """The template that the form names, and its values; None if it names none of these."""
    key = form.get("template", "")
    found = templates.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
    if found is None:
        return None, []
    numbers = range(len(found.variables))
    return found, [form.get(f"value-{found.pk}-{n}", "").strip() for n in numbers]


def offered(templates: QuerySet[Template], form: QueryDict) -> list[dict[str, object]]:
    """The templates as the form shows them, with what was typed."""
    return [
        {
            "template": each,
            "chosen": form.get("template") == str(each.pk),
            "fields": [
                {"name": f"value-{each.pk}-{n}", "label": name, "value": typed}
                for n, name in enumerate(each.variables)
                for typed in [form.get(f"value-{each.pk}-{n}", "")]
            ],
        }
        for each in templates
    ]
