"""The agent's personal tokens for the REST API: made, renewed, revoked."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from ..models import ApiToken
from ..models.tokens import SCOPES
from .access import AgentRequest, agent
from .pages import desk_page

DAYS = {"30": _("30 days"), "90": _("90 days"), "365": _("A year"), "": _("Until it is revoked")}
MOST = 50  # tokens of one agent that work


class TokenForm(forms.Form):
    name = forms.CharField(max_length=127, error_messages={"required": _("Give the token a name.")})
    days = forms.ChoiceField(choices=list(DAYS.items()), required=False)
    scopes = forms.MultipleChoiceField(
        choices=list(SCOPES.items()),
        error_messages={"required": _("Choose what the token may do.")},
    )


@require_http_methods(["GET", "POST"])
@agent
def tokens(request: AgentRequest) -> HttpResponse:
    """The agent's tokens; with POST one more, whose key is on this page and on no other."""
    if request.method != "POST":
        return _page(request)
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, refusal=str(next(iter(form.errors.values()))[0]), typed=form)
    if _working(request).count() >= MOST:
        return _page(request, refusal=str(_("Revoke a token that you no longer need first.")))
    wanted = form.cleaned_data
    made = ApiToken(extension=request.extension, name=wanted["name"], scopes=wanted["scopes"])
    if wanted["days"]:
        made.expires_at = timezone.now() + timedelta(days=int(wanted["days"]))
    key = made.set_key()
    made.save()
    return _page(request, made=made, key=key)


@require_POST
@agent
def renew(request: AgentRequest, pk: int) -> HttpResponse:
    """A new key for a token; the old one works for another day."""
    token = get_object_or_404(_working(request), pk=pk)
    key = token.set_key()
    token.save()
    return _page(request, made=token, key=key)


@require_POST
@agent
def revoke(request: AgentRequest, pk: int) -> HttpResponse:
    get_object_or_404(ApiToken.objects.filter(extension=request.extension), pk=pk).revoke()
    return _page(request)


def _working(request: AgentRequest) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(extension=request.extension, revoked_at=None)


def _page(
    request: AgentRequest,
    *,
    made: ApiToken | None = None,
    key: str = "",
    refusal: str = "",
    typed: TokenForm | None = None,
) -> HttpResponse:
    chosen = typed.data.getlist("scopes") if typed else ["sessions:read", "messages:read"]
    context = {
        "tokens": _working(request),
        "made": made,
        "key": key,
        "refusal": refusal,
        "name": typed.data.get("name", "") if typed else "",
        "scopes": [(scope, said, scope in chosen) for scope, said in SCOPES.items()],
        "days": DAYS,
    }
    return desk_page(request, "inbox/_tokens.html", context, status=422 if refusal else 200)
