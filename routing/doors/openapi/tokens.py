"""Tokens: got for the client ID and secret, good for half an hour, renewed for a day."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from ... import live
from ...models import Door, OpenToken
from ...models.doors import hashed
from ...models.errands import WARNING, announce
from ...models.open_api import ACCESS, MOST_TOKENS, REFRESH
from .. import allowance, knocking
from .reading import Given
from .words import EXPIRED, FAILURE, FORBIDDEN, TOO_MANY, Refusal

log = logging.getLogger(__name__)
WRONG = [{"field": "username or password", "value": "error"}]


def get(request: HttpRequest, given: Given) -> dict[str, Any]:
    """A pair of tokens for a client ID and its secret."""
    remote = knocking.caller_of(request)
    near = knocking.neighbours(remote)
    if allowance.locked_out(near):
        log.warning("Yeastar's Open API: %s is locked out after wrong log-ins.", remote)
        raise Refusal(FORBIDDEN)
    name, secret = given.text("username", required=True), given.text("password", required=True)
    door = Door.objects.filter(kind=Door.OPENAPI, client_id=name).first()
    if door is None or not door.fits(secret):
        log.warning("Yeastar's Open API: a log-in from %s was refused.", remote)
        if allowance.lock_out(near):
            said = f"{remote} is locked out of the Open API after many wrong log-ins."
            live.nudge_many(live.heard(announce(WARNING, "API Login Blocked", "security", said)))
        raise Refusal(FAILURE, invalid_param_list=WRONG)
    knocking.let_in(door, remote)
    return _make(door, hashed(secret))


def _make(door: Door, key_hash: str) -> dict[str, Any]:
    with transaction.atomic():
        Door.objects.select_for_update().get(pk=door.pk)  # so that nobody counts beside us
        door.tokens.filter(refresh_until__lte=timezone.now()).delete()
        if door.tokens.good().count() >= MOST_TOKENS:
            log.warning("%s has %s valid tokens already.", door, MOST_TOKENS)
            raise Refusal(TOO_MANY)
        access, refresh = OpenToken.make(door, key_hash)
    return {
        "access_token_expire_time": int(ACCESS.total_seconds()),
        "access_token": access,
        "refresh_token_expire_time": int(REFRESH.total_seconds()),
        "refresh_token": refresh,
    }


def renew(request: HttpRequest, given: Given) -> dict[str, Any]:
    """A new pair for a refresh token; the old pair ends."""
    old = hashed(given.text("refresh_token", required=True))
    found = OpenToken.objects.refreshable().filter(refresh_hash=old).select_related("door").first()
    if found is None:
        raise Refusal(EXPIRED)
    knocking.let_in(found.door, knocking.caller_of(request))
    with transaction.atomic():
        if not OpenToken.objects.filter(pk=found.pk, refresh_hash=old).delete()[0]:
            raise Refusal(EXPIRED)  # somebody else was faster with it
        made = _make(found.door, found.key_hash)
    _look_again(found.door)
    return made


def end(request: HttpRequest, given: Given) -> dict[str, Any]:
    """The token and its refresh token end at once, and so does who listens with it."""
    door = door_of(request)
    OpenToken.objects.filter(access_hash=hashed(given.text("access_token"))).delete()
    _look_again(door)
    return {}


def door_of(request: HttpRequest) -> Door:
    """The door that the request's access token opens, its caller let in. Raises Refusal."""
    token = request.GET.get("access_token", "")
    return entered(token, knocking.caller_of(request))


def entered(token: str, remote: str) -> Door:
    """The door that an access token opens, for a caller at this address."""
    related = ("door__receiver", "door__sender")
    good = OpenToken.objects.good().select_related(*related)
    found = good.filter(access_hash=hashed(token)).first() if token else None
    if found is None:
        log.warning("Yeastar's Open API: a token from %s opens nothing.", remote)
        raise Refusal(EXPIRED)
    return knocking.let_in(found.door, remote)


def _look_again(door: Door) -> None:
    """Let those who listen by WebSocket find out whether they still may."""
    if door.receiver_id:
        live.nudge_many(live.heard([door.receiver_id]))
