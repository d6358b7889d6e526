"""Extensions and queues by their ids or numbers, as the Open API names them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from ...models import Door, Extension, Platform, Queue
from .reading import Given
from .words import DENIED, NOT_FOUND, Refusal, wrong

AGENT, PLATFORM = 1, 9
API = "api"


def listed(door: Door, given: Given) -> dict[str, Any]:
    """extension/list and search: whose ids the others ask for."""
    found = Extension.objects.order_by("number")
    if word := given.text("search_value"):
        found = found.filter(Q(number__icontains=word) | Q(name__icontains=word))
    return {
        "total_number": found.count(),
        "data": [
            {"id": each.pk, "number": each.number, "caller_id_name": each.name}
            for each in found[given.page()]
        ],
    }


def operator(
    given: Given, kind: str = "user_type", number: str = "user_no", *, by_id: bool = False
) -> Extension | None:
    """Who acts or is asked about: an extension, or None for the platform."""
    if given.number(kind, (AGENT, PLATFORM)) == PLATFORM:
        if given.text(number).lower() not in ("", API):
            raise wrong(number)
        return None
    return extension(given, number, by_id=by_id)


def extension(given: Given, name: str, *, by_id: bool = True) -> Extension:
    """The extension of this id or number; where both would fit, which of them is said first."""
    said = given.text(name, required=True, most=20).strip()
    if not (said.isascii() and said.isdecimal() and len(said) < 20):
        raise wrong(name)
    queries = [Q(pk=int(said)), Q(number=said)]
    for query in queries if by_id else reversed(queries):
        if found := Extension.objects.filter(query).first():
            return found
    raise Refusal(NOT_FOUND, f"There is no extension {said}.")


def queue(given: Given, name: str = "id") -> Queue:
    found = Queue.objects.filter(pk=given.whole(name)).first()
    if found is None:
        raise Refusal(NOT_FOUND, "There is no such message queue.")
    return found


def destination(
    door: Door, given: Given, kind: str = "destination_type", key: str = "destination_id"
) -> Extension | Queue | Platform:
    """Where messages or a session go: an extension, a queue, or the platform that calls."""
    wanted = given.word(kind, ("extension", "queue", API))
    if wanted == "extension":
        return extension(given, key)
    if wanted == "queue":
        return queue(given, key)
    assert door.receiver is not None
    return door.receiver


def whole_house(door: Door) -> None:
    """Raise Refusal if the door is for some numbers only: what is everybody's it may not change."""
    if door.numbers:
        raise Refusal(DENIED, "This client is for some numbers only.")
