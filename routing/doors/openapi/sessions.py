"""message_session: whose sessions there are, and where they go."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from ... import desk
from ...desk import platforms
from ...forwarding import records
from ...models import Archived, Door, Extension, Message, Recipient, Session, SetAside
from ...models.windows import windows_of
from . import channels, people
from .reading import Given
from .words import DENIED, NOT_FOUND, Refusal

#: The vendor's words for its flags: 0 only those without, 1 only those with, 2 all.
WITHOUT, WITH, ALL = 0, 1, 2
TALK = (Message.IN, Message.OUT)
OF_CAMPAIGN = 8  # the user_type of a customer whom a campaign wrote to


def listed(door: Door, given: Given) -> dict[str, Any]:
    """list and search: an agent's sessions or the platform's, the newest first.

    The next page begins after ``first_msg_id``, the last_msg_id of the page before.
    """
    of = people.operator(given)
    found = _of(door, of)
    found = _flagged(found, given, of, door)
    collection = given.word("collection", ("", "all", "campaign"), "")
    if collection != "all":
        found = found.filter(by_campaign() if collection else ~by_campaign())
    if word := given.text("search_value", most=100):
        about = Q(customer__address__icontains=word) | Q(customer__name__icontains=word)
        found = found.filter(about | Q(last_text__icontains=word))
    if before := given.whole("first_msg_id", 0):
        found = _after(door, found, before)
    last = Message.objects.filter(session=OuterRef("pk"), direction__in=TALK).order_by("-pk")
    page = found.order_by("-last_at", "-pk").annotate(
        last_message=Subquery(last.values("pk")[:1]), away=_away(of, door)
    )
    related = page.select_related("channel", "number", "customer", "holder", "queue", "platform")
    return {"list": _rows(list(related[: given.page_size()]))}


def by_campaign() -> Exists:
    """Whether a campaign began the session: its first message is one of a campaign's."""
    talk = Message.objects.filter(session=OuterRef(OuterRef("pk")), direction__in=TALK)
    first = Subquery(talk.order_by("pk").values("pk")[:1])
    return Exists(Recipient.objects.filter(message=first))


def _of(door: Door, of: Extension | None) -> QuerySet[Session]:
    """Those in the list of an agent, or of the platform."""
    if of is not None:
        theirs = door.sessions & Session.objects.for_extension(of)
        removed = SetAside.objects.filter(extension=of, removed=True)
    else:
        theirs = door.sessions.filter(platform=door.receiver, holder=None)
        removed = SetAside.objects.filter(platform=door.receiver, removed=True)
    gone = removed.filter(session=OuterRef("pk"), at__gte=OuterRef("last_at"))
    return theirs.filter(~Exists(gone))


def _away(of: Extension | None, door: Door) -> Exists:
    """Whether they put the session away since its last message."""
    if of is not None:
        away: QuerySet[Any] = Archived.objects.filter(extension=of)
    else:
        away = SetAside.objects.filter(platform=door.receiver, removed=False)
    return Exists(away.filter(session=OuterRef("pk"), at__gte=OuterRef("last_at")))


def _flagged(
    found: QuerySet[Session], given: Given, of: Extension | None, door: Door
) -> QuerySet[Session]:
    """Only those with the flags that are asked for. Without a word about one, all."""
    closed = given.number("is_closed", (WITHOUT, WITH, ALL), ALL)
    if closed != ALL:
        found = found.filter(closed_at__isnull=closed == WITHOUT)
    archived = given.number("is_archived", (WITHOUT, WITH, ALL), ALL)
    if archived != ALL:
        away = _away(of, door)
        found = found.filter(away if archived == WITH else ~away)
    picked = given.number("is_pickup", (0, 1, 2), 0)
    return found.filter(holder__isnull=picked == 2) if picked else found


def _after(door: Door, found: QuerySet[Session], message: int) -> QuerySet[Session]:
    last = Message.objects.filter(pk=message, session__in=door.sessions).first()
    if last is None:
        raise Refusal(NOT_FOUND, "There is no message of this ID.")
    at, pk = last.created_at, last.session_id
    return found.filter(Q(last_at__lt=at) | Q(last_at=at, pk__lt=pk))


def _rows(page: list[Any]) -> list[dict[str, Any]]:
    windows: dict[int, Any] = {}
    for channel in {session.channel for session in page}:
        windows |= windows_of(channel, [s.pk for s in page if s.channel_id == channel.pk])
    return [
        {
            "id": session.pk,
            "type": channels.type_of(session.channel),
            "is_close": int(session.closed_at is not None),
            "is_archived": int(session.away),
            "to": records.customer(session.customer),
            "from": _holder(session),
            "expire": records.expire(windows.get(session.pk)),
            "did_number": session.number.value,
            "last_msg_id": session.last_message or 0,
            "queue_id": session.queue_id or 0,
            "pickup_member_id": session.holder_id or 0,
        }
        for session in page
    ]


def _holder(session: Session) -> dict[str, Any]:
    if session.holder:
        return records.agent(session.holder)
    return records.platform(str(session.platform)) if session.platform else {}


def one(door: Door, given: Given) -> dict[str, Any]:
    """The vendor's page calls it ``list``, its callers read ``data``: both."""
    found = _told(session_of(door, given, "id"))
    return {"data": found, "list": found}


def many(door: Door, given: Given) -> dict[str, Any]:
    theirs = door.sessions.filter(pk__in=given.ids()).select_related(*_RELATED)
    theirs = theirs.annotate(by_campaign=by_campaign())
    found = [_told(each) for each in theirs.prefetch_related("queue__members")]
    if not found:
        raise Refusal(NOT_FOUND)
    return {"data": found, "list": found}


_RELATED = ("channel", "number", "customer", "queue", "holder", "platform")


def session_of(door: Door, given: Given, name: str = "session_id") -> Session:
    """The session that is named, if the door may see it."""
    theirs = door.sessions.filter(pk=given.whole(name)).annotate(by_campaign=by_campaign())
    found = theirs.select_related(*_RELATED).first()
    if found is None:
        raise Refusal(NOT_FOUND, "There is no such message session.")
    return found


def _told(session: Any) -> dict[str, Any]:
    waits = session.queue is not None and session.holder_id is None
    kind, who = channels.type_of(session.channel), records.customer(session.customer)
    if session.by_campaign:
        who["user_type"] = OF_CAMPAIGN
    return {
        "id": session.pk,
        "channel_type": kind,
        "channel_name": session.channel.name,
        "did_number": session.number.value,
        "to_number": session.customer.address,
        "origin": "campaign" if session.by_campaign else "",
        "page_name": session.channel.name if kind == "facebook" else "",
        "website_domain": "",
        "pre_chat_form": None,
        "user_info": who,
        "participants": [records.agent(m) for m in session.queue.members.all()] if waits else [],
    }


def transfer(door: Door, given: Given) -> dict[str, Any]:
    """To an extension, a queue, or to the platform that calls."""
    session = session_of(door, given)
    platforms.transfer(door, session, people.destination(door, given))
    return {}


def close(door: Door, given: Given) -> dict[str, Any]:
    if not platforms.close(door, session_of(door, given)):
        raise desk.SessionClosed
    return {}


def archive(door: Door, given: Given) -> dict[str, Any]:
    platforms.put_away(door, *_theirs(door, given))
    return {}


def unarchive(door: Door, given: Given) -> dict[str, Any]:
    platforms.bring_back(door, *_theirs(door, given))
    return {}


def delete(door: Door, given: Given) -> dict[str, Any]:
    """Out of one operator's lists; messages are only deleted with their time."""
    platforms.put_away(door, *_theirs(door, given), removed=True)
    return {}


def _theirs(door: Door, given: Given) -> tuple[Session, Extension | None]:
    """The session, and the operator in whose list it is."""
    session, of = session_of(door, given), people.operator(given, by_id=True)
    if not _of(door, of).filter(pk=session.pk).exists():
        raise Refusal(DENIED, "The session is not in this operator's list.")
    return session, of
