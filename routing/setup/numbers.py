"""A channel's numbers, each with its rule."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from channels_app.fields import own_address, validate_own_number
from channels_app.models import Channel, Number

from ..models import Extension, Platform, Queue, Rule
from .mistakes import texts
from .reading import Entry, items, keys
from .story import Story
from .values import Change, text

NUMBER_KEYS = ("number", "inbound", "may_start")
DESTINATIONS = {"queue": Queue, "extension": Extension, "platform": Platform}
Destination = Extension | Queue | Platform


def numbers(entry: Entry | None, channel: Channel, story: Story) -> None:
    """Create or update the numbers of the list; others of the channel stay.

    Of a channel that has a mistake itself and is not saved, the numbers are only checked.
    """
    seen: dict[str, int] = {}
    for each in items(entry, story.mistakes):
        if not keys(each, NUMBER_KEYS, story.mistakes):
            continue
        before = len(story.mistakes)
        value = _value(each, channel, story)
        if value in seen:
            story.mistakes.at(
                each["number"], f"{value} is given twice; the first time on line {seen[value]}."
            )
        elif value is not None:
            seen[value] = each["number"].line
        found = channel.numbers.filter(value=value).first() if channel.pk else None
        rule = Rule.objects.filter(number=found).first() if found else None
        destination = _destination(each, rule, found, story)
        may_start = story.extensions(each["may_start"]) if "may_start" in each else None
        if value is not None and channel.pk and len(story.mistakes) == before:
            change = Change("number", f"{value} of {channel.name}", "updated")
            if found is None:
                change.action = "created"
                found = Number.objects.create(channel=channel, value=value)
            _rule(rule or Rule(number=found), destination, may_start, change)
            story.did(change)


def _value(entry: Entry, channel: Channel, story: Story) -> str | None:
    if "number" not in entry:
        story.missing(entry, "number", "it says which number is meant")
        return None
    given = text(entry["number"], story.mistakes)
    if given is None:
        return None
    try:
        if channel.provider:
            return own_address(given, channel.provider_class)
        return validate_own_number(given, names=True)
    except ValidationError as error:
        story.mistakes.at(entry["number"], texts(error))
        return None


def _destination(
    entry: Entry, rule: Rule | None, found: Number | None, story: Story
) -> Destination | None:
    if "inbound" not in entry:
        if found is None or ("may_start" in entry and rule is None):
            story.missing(entry, "inbound", "say where messages go, like {queue: Support}")
        return rule.destination if rule else None
    inbound = entry["inbound"]
    if not keys(inbound, tuple(DESTINATIONS), story.mistakes):
        return None
    given = [kind for kind in DESTINATIONS if kind in inbound]
    if len(given) != 1:
        if given or not inbound.value:
            story.mistakes.at(
                inbound, "must name one destination: a queue, an extension or a platform."
            )
        return None
    (kind,) = given
    name = inbound[kind]
    # The mistake is told at "inbound", where a person looks for it.
    return story.find(DESTINATIONS[kind], Entry(name.value, name.line, inbound.path, name.raw))


def _rule(
    rule: Rule, destination: Destination | None, may_start: list[Extension] | None, change: Change
) -> None:
    """Save the rule, if anything about it is new."""
    if destination is None:
        return
    old = rule.destination
    if rule._state.adding or old != destination:
        change.note("inbound", _words(old), _words(destination))
        for kind, model in DESTINATIONS.items():
            setattr(rule, kind, destination if isinstance(destination, model) else None)
        rule.save()
    if may_start is not None:
        was = list(rule.may_start.order_by("number").values_list("number", flat=True))
        will = sorted(extension.number for extension in may_start)
        if was != will:
            change.note("may_start", was, will)
            rule.may_start.set(may_start)


def _words(destination: Destination | None) -> str:
    match destination:
        case Queue():
            return f"queue {destination.name}"
        case Extension():
            return f"extension {destination.number}"
        case Platform():
            return f"platform {destination.name}"
    return ""
