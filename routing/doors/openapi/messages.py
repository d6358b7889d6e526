"""message: those of a session, and new ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.core.files import File
from django.db.models import OuterRef, Q, QuerySet, Subquery

from channels_app.models import Channel, Number, Template

from ... import desk
from ...desk import platforms
from ...forwarding import records
from ...models import Door, Message
from .. import allowance
from . import channels, people, sessions, uploads
from .reading import Given
from .words import NOT_FOUND, SYNTAX, Refusal, wrong

#: System lines that the API knows; notes are between agents alone.
TOLD = Q(direction__in=(Message.IN, Message.OUT)) | Q(event__in=tuple(records.LINES))
TAGS = ("", "ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "HUMAN_AGENT", "POST_PURCHASE_UPDATE")
_TO = re.compile(r"[0-9A-Za-z_@:+().\-*# ]{1,255}")


def of_one(door: Door, given: Given) -> dict[str, Any]:
    """A session's messages, the newest first; before ``last_msg_id`` if it is given."""
    session = sessions.session_of(door, given, "id")
    found = _told(session.messages.all())
    if before := given.whole("last_msg_id", 0):
        found = found.filter(pk__lt=before)
    page = found.order_by("-pk")[: given.page_size()]
    return {"data": {"session_id": session.pk, "records": [records.record(m) for m in page]}}


def of_many(door: Door, given: Given) -> dict[str, Any]:
    """The newest messages of each of these sessions."""
    size = given.page_size()
    newest = Message.objects.filter(TOLD, session=OuterRef("pk")).order_by("-pk").values("pk")
    found = door.sessions.filter(pk__in=given.ids()).order_by("pk")
    first = dict(found.annotate(first=Subquery(newest[size - 1 : size])).values_list("pk", "first"))
    if not first:
        raise Refusal(NOT_FOUND)
    wanted = (Q(session=pk, pk__gte=oldest or 0) for pk, oldest in first.items())
    return {"data": _by_session(list(first), _told(Message.objects.filter(reduce(or_, wanted))))}


def _by_session(order: Sequence[int], found: Iterable[Message]) -> list[dict[str, Any]]:
    listed: dict[int, list[dict[str, Any]]] = {pk: [] for pk in order}
    for message in sorted(found, key=lambda each: -each.pk):
        listed[message.session_id].append(records.record(message))
    return [{"session_id": pk, "records": told} for pk, told in listed.items()]


def _told(found: QuerySet[Message]) -> QuerySet[Message]:
    return found.filter(TOLD).select_related(*records.RELATED).prefetch_related("attachments")


def send(door: Door, given: Given) -> dict[str, Any]:
    """Queue a message of an extension or of the platform, in a session or to begin one."""
    of = people.operator(given, "sender_type", "sender_no")
    given.number("msg_type", (0,))
    given.word("tag", TAGS, "")
    key = given.text("request_id", most=255)
    with allowance.one_message(door):
        if given.whole("session_id", 0):
            session = sessions.session_of(door, given)
            if of is not None and not session.readable(of):
                raise Refusal(NOT_FOUND, f"{of} has no such message session.")
            with _content(door, given, session.channel) as content:
                message = platforms.write(
                    door, session, extension=of, client_key=key, **content.found
                )
        else:
            number, to = _number(door, given), _recipient(given)
            with _content(door, given, number.channel) as content:
                message = platforms.start(
                    door, number, to, extension=of, client_key=key, **content.found
                )
    ids = {"msg_id": message.pk, "session_id": message.session_id}
    return {**ids, "data": ids}  # callers read either


class _content:
    """What is sent, as the desk takes it; its files are open so long."""

    def __init__(self, door: Door, given: Given, channel: Channel) -> None:
        self.upload: list[File[Any]] = []
        self.found: dict[str, Any] = {"text": given.text("msg_body", most=100_000)}
        if given.number("msg_kind", (0, 1)):
            self.found |= {"text": ""} | _template(given, channel)
        else:
            self.upload = uploads.opened(door, given)
            self.found["upload"] = self.upload
            if not self.found["text"].strip() and not self.upload:
                raise wrong("msg_body", "required")

    def __enter__(self) -> _content:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.upload:
            file.close()


def _number(door: Door, given: Given) -> Number:
    """One of the door's numbers, by the word for its channel's provider and its value."""
    word = given.text("channel", required=True, most=127)
    value = given.text("did_number", required=True, most=64).strip()
    slug = channels.SLUGS.get(word, word)
    found = door.reach.filter(value=value).filter(Q(channel__provider=slug) | Q(channel__name=word))
    number = found.order_by("pk").first()
    if number is None:
        raise wrong("did_number", "invalid", "There is no such number in this channel.")
    return number


def _recipient(given: Given) -> str:
    to = given.text("to", required=True, most=255).strip()
    if not _TO.fullmatch(to):
        raise wrong("to", "format")
    return re.sub(r"[*#]", "", to)


def _template(given: Given, channel: Channel) -> dict[str, Any]:
    """The template that ``whatsapp_msg_param`` names, with its values."""
    try:
        asked = json.loads(given.text("whatsapp_msg_param", required=True, most=20_000))
    except ValueError:
        raise Refusal(SYNTAX, "whatsapp_msg_param is not JSON.") from None
    if not isinstance(asked, dict):
        raise wrong("whatsapp_msg_param", "object")
    param = Given(asked)
    named = Template.objects.filter(channel=channel)
    if "template_id" in param:
        named = named.filter(pk=param.whole("template_id"))
    else:
        named = named.filter(name=param.text("name", required=True))
        if language := param.text("language"):
            named = named.filter(language=language)
    values = asked.get("params") or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong("whatsapp_msg_param", "array")
    found = named.first()
    if found is None:
        raise desk.Refused("There is no such template.")
    return {"template": found, "values": values}
