"""message_queue: message queues and their members."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ... import desk
from ...models import Door, Extension, Queue, Rule, Session
from . import people
from .reading import Given
from .words import NOT_DONE, NOT_FOUND, Refusal, taken, wrong

MODES = tuple(Queue.PICKUPS)


def listed(door: Door, given: Given) -> dict[str, Any]:
    found = Queue.objects.order_by("name")
    if word := given.text("search_value"):
        found = found.filter(name__icontains=word)
    page = [{"id": each.pk, "name": each.name} for each in found[given.page()]]
    return {"total_number": found.count(), "list": page}


def one(door: Door, given: Given) -> dict[str, Any]:
    return {"data": _told(people.queue(given))}


def many(door: Door, given: Given) -> dict[str, Any]:
    found = Queue.objects.filter(pk__in=given.ids()).prefetch_related("members")
    if not found:
        raise Refusal(NOT_FOUND)
    return {"data": [_told(each) for each in found]}


def _told(queue: Queue) -> dict[str, Any]:
    return {
        "id": queue.pk,
        "name": queue.name,
        "assignment_mode": queue.pickup,
        "members": [
            {
                "id": each.pk,
                "extension_id": each.pk,
                "extension_number": each.number,
                "extension_name": each.name,
            }
            for each in queue.members.all()
        ],
    }


def create(door: Door, given: Given) -> dict[str, Any]:
    people.whole_house(door)
    name = _free_name(given, Queue())
    mode = given.word("assignment_mode", MODES)
    members = _members(given, required=True)
    with transaction.atomic():
        queue = Queue.objects.create(name=name, pickup=mode)
        queue.members.set(members)
    desk.tell_members(each.pk for each in members)
    return {"id": queue.pk}


def update(door: Door, given: Given) -> dict[str, Any]:
    people.whole_house(door)
    queue = people.queue(given)
    before = set(queue.members.values_list("pk", flat=True))
    members = _members(given) if given.found.get("members") is not None else None
    if "name" in given:
        queue.name = _free_name(given, queue)
    if "assignment_mode" in given:
        queue.pickup = given.word("assignment_mode", MODES)
    with transaction.atomic():
        queue.save()
        if members is not None:
            queue.members.set(members)
    if members is not None:
        desk.tell_members(before ^ {each.pk for each in members})
    return {}


def delete(door: Door, given: Given) -> dict[str, Any]:
    """Not while numbers lead to it; its waiting sessions go where their numbers lead now."""
    people.whole_house(door)
    queue = people.queue(given)
    if Rule.objects.filter(queue=queue).exists():
        raise Refusal(NOT_DONE, f"Messages of some numbers go to {queue}.")
    members = list(queue.members.values_list("pk", flat=True))
    with transaction.atomic():
        Session.objects.open().filter(queue=queue, holder=None).follow_rules()
        queue.delete()
    desk.tell_members(members)
    return {}


def _free_name(given: Given, queue: Queue) -> str:
    name = given.text("name", required=True, most=127).strip()
    if Queue.objects.filter(name=name).exclude(pk=queue.pk).exists():
        raise taken("name", name)
    return name


def _members(given: Given, *, required: bool = False) -> list[Extension]:
    listed = given.items("members", required=required)
    wanted = {each.whole("extension_id") for each in listed}
    found = list(Extension.objects.filter(pk__in=wanted))
    if len(found) < len(wanted):
        raise wrong("members", "invalid", "There is no such extension.")
    return found
