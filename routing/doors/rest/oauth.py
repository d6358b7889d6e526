"""OAuth for services: a client ID and a key are exchanged for a token of one hour."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import Application
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes
from oauth2_provider.views import RevokeTokenView, TokenView

from ...models import Door
from ...models.tokens import SCOPES
from .. import allowance, knocking
from .problems import Problem, plain

log = logging.getLogger(__name__)
GRANT = "client_credentials"


class DoorScopes(BaseScopes):
    """What a service was given."""

    def get_all_scopes(self) -> dict[str, str]:
        return SCOPES

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        door = _door(application.client_id) if application else None
        return list(door.scopes) if door else []

    get_default_scopes = get_available_scopes


class DoorValidator(OAuth2Validator):
    """Services are doors: their client ID and key, and no secret beside it."""

    def _load_application(self, client_id: str, request: Any) -> Application | None:
        door = _door(client_id)
        request.client = None
        if door is not None:
            request.client, _ = Application.objects.get_or_create(
                client_id=client_id,
                defaults={
                    "name": door.name,
                    "client_type": Application.CLIENT_CONFIDENTIAL,
                    "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
                    "client_secret": "",
                    "hash_client_secret": False,
                },
            )
            request.door = door
        return request.client

    def _authenticate_basic_auth(self, request: Any) -> bool:
        self.request = request
        return bool(super()._authenticate_basic_auth(request))

    def _authenticate_request_body(self, request: Any) -> bool:
        self.request = request
        return bool(super()._authenticate_request_body(request))

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        door: Door = self.request.door
        return door.fits(provided_secret)


def _door(client_id: str) -> Door | None:
    if not client_id or "\x00" in client_id:
        return None
    return Door.objects.filter(kind=Door.REST, client_id=client_id, active=True).first()


def _guarded(view: Any) -> Any:
    """The view for callers who do not guess."""

    @csrf_exempt
    def guarded(request: HttpRequest) -> HttpResponse:
        near = knocking.neighbours(knocking.caller_of(request))
        if after := allowance.held_up(near):
            return plain(Problem("too_many_wrong_keys", after=after))
        answer: HttpResponse = view(request)
        if answer.status_code == 401:
            allowance.wrong(near)
            log.warning("REST API: a client at %s was refused", near)
        return answer

    return guarded


token = _guarded(TokenView.as_view())
revoke = _guarded(RevokeTokenView.as_view())
