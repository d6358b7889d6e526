"""Whose key it is, and what that caller sees."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from oauth2_provider.models import AccessToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from channels_app.models import Channel, Number

from ...models import ApiToken, Customer, Door, Extension, Message, Session
from ...models.doors import hashed
from ...models.sessions import SessionQuerySet
from ...models.tokens import PREFIX
from .. import allowance, knocking
from .problems import Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Caller:
    """An agent by a personal token, or a service by its door."""

    name: str  # "token:5" or "door:7"
    scopes: frozenset[str]
    token: ApiToken | None = None
    door: Door | None = None

    @property
    def extension(self) -> Extension | None:
        return self.token.extension if self.token else None

    @property
    def agent(self) -> Extension:
        """The agent; a service gets a problem instead."""
        if self.token is None:
            raise Problem("not_allowed", "Only an agent can do this: use a personal token.")
        return self.token.extension

    @cached_property
    def own_numbers(self) -> list[int]:
        """The numbers that a service is limited to; none: it is not limited."""
        return [each.pk for each in self.door.numbers] if self.door else []

    def may(self, permission: str) -> bool:
        """Whether the caller may change what administrators set up; a service's scope says so."""
        return self.token is None or bool(self.token.extension.user.has_perm(permission))

    def sessions(self) -> SessionQuerySet:
        """Those that the caller may see."""
        if self.extension:
            return Session.objects.readable_by(self.extension)
        everything = Session.objects.all()
        return everything.filter(number__in=self.own_numbers) if self.own_numbers else everything

    def own_sessions(self) -> SessionQuerySet:
        """Those that the caller may change."""
        if self.extension:
            return Session.objects.for_extension(self.extension)
        return self.sessions()

    def messages(self) -> QuerySet[Message]:
        if self.door and not self.own_numbers:
            return Message.objects.all()
        return Message.objects.filter(session__in=self.sessions())

    def customers(self) -> QuerySet[Customer]:
        if self.door and not self.own_numbers:
            return Customer.objects.all()
        return Customer.objects.filter(pk__in=self.sessions().order_by().values("customer"))

    def numbers(self) -> QuerySet[Number]:
        """Those that messages to the caller come to, or that they may start sessions from."""
        found = Number.objects.all()
        if self.door:
            return found.filter(pk__in=self.own_numbers) if self.own_numbers else found
        if self.may("channels_app.view_channel"):
            return found
        me = self.agent
        leads = Q(rule__extension=me) | Q(rule__queue__in=me.queues.all())
        return found.filter(pk__in=found.filter(leads | Q(rule__may_start=me)).values("pk"))

    def channels(self) -> QuerySet[Channel]:
        return Channel.objects.filter(pk__in=self.numbers().values("channel"))


class Service(AnonymousUser):
    """The user of a service's request: nobody, but known."""

    is_authenticated = True  # type: ignore[assignment]


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer <key>``: of a person, of a service, or of OAuth."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            return None
        remote = knocking.caller_of(request._request)
        try:
            caller, used_from = _found(key)
            _check_guesses(remote, known=caller is not None and used_from == remote)
            if caller is None:
                allowance.wrong(knocking.neighbours(remote))
                raise Problem("wrong_key")
            _let_in(caller, remote)
        except Problem as refused:
            log.warning("REST API: a caller at %s was refused: %s", remote, refused.code)
            raise
        user = caller.extension.user if caller.extension else Service()
        return user, caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _found(key: str) -> tuple[Caller | None, str]:
    """Whose key this is, whether it still works or not, and from where it was used last."""
    if key.startswith(PREFIX):
        tokens = ApiToken.objects.select_related("extension__user")
        token = tokens.with_key(key)
        if token is None:
            return None, ""
        caller = Caller(f"token:{token.pk}", frozenset(token.scopes), token=token)
        return caller, token.last_used_from
    doors = Door.objects.select_related("sender__channel")
    scopes = None
    door = doors.with_key(Door.REST, key)
    if door is None and (hour := _access_token(key)):
        door = doors.filter(kind=Door.REST, client_id=hour.application.client_id).first()
        scopes = frozenset(hour.scope.split())
    if door is None:
        return None, ""
    granted = frozenset(door.scopes)
    caller = Caller(f"door:{door.pk}", granted if scopes is None else granted & scopes, door=door)
    return caller, door.last_used_from


def _access_token(key: str) -> AccessToken | None:
    found = (
        AccessToken.objects.select_related("application").filter(token_checksum=hashed(key)).first()
    )
    if found and found.is_expired():
        raise Problem("key_expired", "Ask for another access token: this one's hour is over.")
    return found if found and found.application else None


def _check_guesses(remote: str, *, known: bool) -> None:
    """Hold up callers who guess; who is known at an address is not held up by its neighbours."""
    if not known and (after := allowance.held_up(knocking.neighbours(remote))):
        raise Problem("too_many_wrong_keys", after=after)


def _let_in(caller: Caller, remote: str) -> None:
    if token := caller.token:
        if token.revoked_at:
            raise Problem("key_revoked")
        if token.expired():
            raise Problem("key_expired")
        if not token.extension.user.is_active:
            raise Problem("switched_off")
        token.touch(remote)
    if door := caller.door:
        if not door.active:
            raise Problem("switched_off")
        if not door.admits(remote):
            raise Problem("not_from_here")
        door.touch(remote)
