"""Who knocks: finds the door that a key or a name opens, and lets its caller in or not.

What is refused goes to the log with the caller's address and the reason, never with a key.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import secrets

from django.http import HttpRequest

from ..models import Door
from ..remote import remote_of
from . import allowance

log = logging.getLogger(__name__)


class Refusal(Exception):
    """The caller is not let in; the text says why."""


class WrongKey(Refusal):
    """Nobody we know."""


class NotHere(Refusal):
    """Known, but not from this address."""


class SwitchedOff(Refusal):
    """Known, but its door is closed."""


def caller_of(request: HttpRequest) -> str:
    """The IP address that the request really comes from."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return remote_of(request.META.get("REMOTE_ADDR", ""), forwarded)


def by_key(kind: str, request: HttpRequest) -> Door:
    """The door whose key the request bears, and its caller let in. Raises Refusal or TooMany."""
    remote = caller_of(request)
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else ""
    door = Door.objects.select_related("sender__channel").with_key(kind, key)
    near = neighbours(remote)
    # Who is known at an address is not held up by its neighbours' guesses.
    if (door is None or door.last_used_from != remote) and (after := allowance.held_up(near)):
        raise _told(kind, remote, allowance.TooMany("Too many wrong keys.", after))
    if door is None:
        allowance.wrong(near)
        raise _told(kind, remote, WrongKey("The key is wrong." if key else "A key is missing."))
    return let_in(door, remote)


def neighbours(remote: str) -> str:
    """Whose guesses are counted together: one IPv4 address, or the /64 that one house has."""
    try:
        found = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    if found.version == 6 and not found.ipv4_mapped:
        return str(ipaddress.ip_network(f"{found}/64", strict=False))
    return remote


def let_in(door: Door, remote: str) -> Door:
    """The door, for a caller that proved to be its own. Raises Refusal or TooMany."""
    try:
        if not door.active:
            raise SwitchedOff(f"{door} is switched off.")
        if not door.admits(remote):
            raise NotHere(f"{door} may not be used from this address.")
        allowance.pace(door)
    except (Refusal, allowance.TooMany) as refused:
        raise _told(door.kind, remote, refused) from None
    door.touch(remote)
    return door


def check_user(door: Door, remote: str, name: str, password: str) -> None:
    """Raise WrongKey or TooMany unless this is one of the door's users."""
    caller = hashlib.sha256(f"{neighbours(remote)}|{name}".encode()).hexdigest()[:32]
    if after := allowance.held_up(caller):
        raise _told(door.kind, remote, allowance.TooMany("Too many wrong passwords.", after))
    if not fits(door, name, password):
        allowance.wrong(caller)
        raise _told(door.kind, remote, WrongKey(f"Wrong user name or password for {door}."))


def fits(door: Door, name: str, password: str) -> bool:
    """Whether the door has this user with this password."""
    kept = str(door.users.get(name, ""))
    return secrets.compare_digest(kept.encode(), password.encode()) and bool(kept)


def _told(kind: str, remote: str, refused: Exception) -> Exception:
    log.warning("%s: a caller at %s was refused: %s", Door.KINDS[kind], remote, refused)
    return refused
