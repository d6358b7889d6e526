"""Personal tokens of the REST API, as administrators see them: to look at, and to end."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from oauth2_provider.models import AccessToken, Application, Grant, IDToken, RefreshToken
from unfold.decorators import display

from routing.models import ApiToken

from .base import ReadOnlyAdmin, badge, moment

for model in (AccessToken, Application, Grant, IDToken, RefreshToken):
    if admin.site.is_registered(model):  # services are doors; nothing is set up beside them
        admin.site.unregister(model)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ("name", "extension", "ends_in", "state", "used", "last_used_from", "expires")
    list_select_related = ("extension",)
    search_fields = ("name", "extension__name", "extension__number")
    fields = (
        *("name", "extension", "scopes", "ends_in", "state"),
        *("created_at", "expires_at", "last_used_at", "last_used_from"),
    )
    actions = ("revoke",)
    teaching = (
        "key",
        "No personal tokens",
        "Agents make them under My settings, for scripts that act in their name.",
    )

    used = moment("last_used_at", "Last used")
    expires = moment("expires_at", "Expires")

    @display(description="Key")
    def ends_in(self, token: ApiToken) -> str:
        return f"ends in {token.key_end}"

    @display(description="State")
    def state(self, token: ApiToken) -> SafeString:
        if token.revoked_at:
            return badge("Revoked", "danger")
        return badge("Expired", "warning") if token.expired() else badge("Works", "success")

    @admin.action(description="Revoke", permissions=["act"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        ended = [token for token in queryset if token.revoke()]
        for token in ended:
            self.log_change(request, token, "Revoked.")
        messages.success(request, f"{len(ended)} tokens open nothing any more.")
