"""Doors for other systems, with their keys and receivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from channels_app.models import Number

from ..models import Door
from ..models.doors import SHORTEST_KEY, hashed
from .mistakes import suggestion, texts
from .reading import Entry, items, keys
from .services import service
from .story import Story
from .values import Change, assign, number, text, url, whole, yes

DOOR_KEYS = (
    *("name", "kind", "active", "sender", "senders", "extension", "key", "key_hash"),
    *("webhook", "secret", "users", "allowed", "denied", "per_second", "per_day"),
    *("client_id", "client_secret", "scopes"),
)
SHORTEST_SECRET = 16
#: What the key is called in the file.
KEYS_OF = {Door.YEASTAR_SMS: "key", Door.REST: "key", Door.OPENAPI: "client_secret"}


@dataclass(frozen=True, slots=True)
class MadeDoor:
    """A door of the file, with the key and the secret that were made for it just now."""

    door: Door
    key: str = ""
    secret: str = ""

    @property
    def key_name(self) -> str:
        return "client_secret" if self.door.kind == Door.OPENAPI else "key"


def doors(entry: Entry | None, story: Story) -> list[MadeDoor]:
    """Create or update the doors of the list; returns them."""
    done = []
    for each in items(entry, story.mistakes):
        if not keys(each, DOOR_KEYS, story.mistakes):
            continue
        if (name := story.name(each, "name", "door")) and (made := _door(each, name, story)):
            done.append(made)
    return done


def _door(entry: Entry, name: str, story: Story) -> MadeDoor | None:
    found = Door.objects.filter(name=name).select_related("sender", "receiver").first()
    change = Change("door", name, "updated" if found else "created")
    before = len(story.mistakes)
    kind = _kind(entry, found, story)
    if kind is None:
        return None
    door = found or Door(name=name, kind=kind)
    wanted = _wanted(entry, door, story)
    if not found:
        wanted = {"name": name, "kind": kind, **wanted}
    assign(door, wanted, entry, change, story.mistakes)
    _sender(entry, door, change, story)
    _users(entry, door, change, story)
    key = _key(entry, door, change, story)
    service(entry, door, change, story)
    _others(entry, door, story)
    senders = _numbers(entry["senders"], story) if "senders" in entry else None
    webhook = url(entry["webhook"], story.mistakes, empty=True) if "webhook" in entry else None
    secret = _secret(entry, door, story)
    if len(story.mistakes) > before:
        return None
    try:
        door.clean()
    except ValidationError as error:
        for field, errors in error.error_dict.items() if hasattr(error, "error_dict") else ():
            if field == "__all__":
                story.mistakes.at(entry, texts(ValidationError(errors)))
            elif field in entry:
                story.mistakes.at(entry[field], texts(ValidationError(errors)))
            else:
                story.missing(entry, field, f"{door.get_kind_display()} needs one")
        if not hasattr(error, "error_dict"):
            story.mistakes.at(entry.or_self("sender"), texts(error))
        return None
    if change.fields or not found:
        door.save()
    if senders is not None:
        _set_senders(door, senders, change)
    made = _receiver(door, webhook, secret, change)
    if door.kind == Door.OZEKI and not door.users and not door.allowed:
        story.mistakes.warn(
            entry, "anybody in a private network can send; name users or allowed addresses."
        )
    story.did(change)
    return MadeDoor(door, key, made)


def _kind(entry: Entry, found: Door | None, story: Story) -> str | None:
    if "kind" not in entry:
        if found is None:
            story.missing(entry, "kind", f"it is one of {', '.join(Door.KINDS)}")
        return found.kind if found else None
    kind = text(entry["kind"], story.mistakes)
    if kind is None:
        return None
    if kind not in Door.KINDS:
        known = suggestion(kind, Door.KINDS)
        story.mistakes.at(entry["kind"], f"there is no kind of door {kind!r}{known}")
    elif found and kind != found.kind:
        story.mistakes.at(
            entry["kind"], f"a door cannot change its kind; {found.name!r} is {found.kind}."
        )
    else:
        return kind
    return None


def _wanted(entry: Entry, door: Door, story: Story) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    readers = {"active": yes, "extension": text, "per_second": number, "per_day": whole}
    if door.kind in (Door.OPENAPI, Door.REST):
        readers["client_id"] = text
    elif "client_id" in entry:
        story.mistakes.at(entry["client_id"], f"{door.get_kind_display()} knows no client ID.")
    for name, read in readers.items():
        if name not in entry:
            continue
        if entry[name].value is None and name.startswith("per_"):
            wanted[name] = None
        elif (value := read(entry[name], story.mistakes)) is not None:
            wanted[name] = value
    if "per_second" in wanted and wanted["per_second"] is not None and wanted["per_second"] <= 0:
        story.mistakes.at(entry["per_second"], "must be more than 0.")
    for name in ("allowed", "denied"):
        if name in entry:
            given = entry[name]
            many = given.value if isinstance(given.value, list) else [given]
            words = [text(each, story.mistakes, empty=True) for each in many]
            wanted[name] = " ".join(word for word in words if word)
    return wanted


def _sender(entry: Entry, door: Door, change: Change, story: Story) -> None:
    if "sender" not in entry:
        return
    sender = _number(entry["sender"], story)
    if sender and sender.pk != door.sender_id:
        change.note("sender", door.sender or "", sender)
        door.sender = sender


def _number(entry: Entry, story: Story) -> Number | None:
    value = text(entry, story.mistakes)
    if value is None:
        return None
    found = list(Number.objects.select_related("channel").filter(value=value)[:2])
    if not found:
        known = suggestion(value, Number.objects.values_list("value", flat=True))
        story.mistakes.at(entry, f"there is no number {value!r}{known}")
        return None
    if len(found) > 1:
        story.mistakes.at(entry, f"several channels have the number {value}; a door needs one.")
        return None
    return found[0]


def _numbers(entry: Entry, story: Story) -> list[Number]:
    found = (_number(each, story) for each in items(entry, story.mistakes))
    return list(dict.fromkeys(each for each in found if each))


def _set_senders(door: Door, senders: list[Number], change: Change) -> None:
    was = list(door.senders.order_by("value").values_list("value", flat=True))
    will = sorted(each.value for each in senders)
    if was != will:
        change.note("senders", was, will)
        door.senders.set(senders)


def _users(entry: Entry, door: Door, change: Change, story: Story) -> None:
    if "users" not in entry:
        return
    given = entry["users"]
    if given.value is not None and not isinstance(given.value, dict):
        story.mistakes.at(given, f"must be names with passwords, not {given.kind}.")
        return
    wanted = {}
    for name, each in (given.value or {}).items():
        password = text(each, story.mistakes)
        if password is not None:
            wanted[name] = password
    if wanted != door.users:
        change.fields.append(f"users: {', '.join(sorted(wanted)) or 'none'}")
        door.users = wanted


def _key(entry: Entry, door: Door, change: Change, story: Story) -> str:
    """Give the door the key of the file, or a new door one of its own; returns what was made."""
    named = KEYS_OF.get(door.kind, "")
    for name in {"key", "client_secret"} - {named}:
        if name in entry:
            word = name.replace("_", " ")
            story.mistakes.at(entry[name], f"{door.get_kind_display()} knows no {word}.")
    if not named:
        if "key_hash" in entry:
            story.mistakes.at(entry["key_hash"], f"{door.get_kind_display()} knows no key.")
        return ""
    if named in entry:
        key = text(entry[named], story.mistakes)
        if key is None:
            return ""
        if len(key) < SHORTEST_KEY:
            story.mistakes.at(entry[named], f"must have at least {SHORTEST_KEY} characters.")
        elif hashed(key) != door.key_hash:
            door.set_key(key)
            change.fields.append(named)
        return ""
    if "key_hash" in entry:
        kept = text(entry["key_hash"], story.mistakes)
        if kept is not None and (len(kept) != 64 or set(kept) - set("0123456789abcdef")):
            story.mistakes.at(entry["key_hash"], "must be 64 hexadecimal digits, in lower case.")
        elif kept is not None and kept != door.key_hash:
            door.key_hash, door.key_end = kept, ""
            change.fields.append(named)
        return ""
    if door.key_hash:
        return ""
    change.fields.append(named)
    return door.set_key()


def _others(entry: Entry, door: Door, story: Story) -> None:
    """What is one door's cannot be another's."""
    others = Door.objects.exclude(pk=door.pk)
    given = [name for name in ("key", "client_secret", "key_hash") if name in entry]
    place = entry.or_self(given[0] if given else "name")
    if door.key_hash and (other := others.filter(key_hash=door.key_hash).first()):
        story.mistakes.at(place, f"is the key of the door {other.name!r} already.")
    same = others.exclude(client_id="").filter(client_id=door.client_id).first()
    if door.kind in (Door.OPENAPI, Door.REST) and same:
        place = entry.or_self("client_id")
        story.mistakes.at(place, f"is the client ID of the door {same.name!r} already.")
    ozeki = others.filter(kind=Door.OZEKI, extension=door.extension)
    if door.kind == Door.OZEKI and door.extension and (other := ozeki.first()):
        story.mistakes.at(
            entry.or_self("extension"), f"is the extension of the door {other.name!r} already."
        )


def _secret(entry: Entry, door: Door, story: Story) -> str:
    if "secret" not in entry:
        return ""
    if door.kind in (Door.OZEKI, Door.REST):
        story.mistakes.at(entry["secret"], f"{door.get_kind_display()} signs nothing.")
        return ""
    secret = text(entry["secret"], story.mistakes)
    if secret is not None and len(secret) < SHORTEST_SECRET:
        story.mistakes.at(entry["secret"], f"must have at least {SHORTEST_SECRET} characters.")
    return secret or ""


def _receiver(door: Door, webhook: str | None, secret: str, change: Change) -> str:
    """Point the door at its webhook; returns the secret if one was made for it."""
    receiver = door.receiver
    address = receiver.url if receiver else ""
    old = receiver.secret if receiver else ""
    wanted = address if webhook is None else webhook
    needless = not wanted and door.kind != Door.OPENAPI  # those are platforms, called or not
    if wanted == address and (not secret or secret == old) and (receiver or needless):
        return ""
    if wanted != address:
        change.note("webhook", address, wanted)
    if secret and secret != old:
        change.fields.append("secret")
    made = door.point(wanted, secret)
    door.save(update_fields=["receiver"])
    signs = door.kind != Door.OZEKI and receiver is None and not secret
    return made.secret if signs else ""
