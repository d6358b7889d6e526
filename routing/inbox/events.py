"""System lines in the agent's language. They are kept as facts in plain English, which all read."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

#: What is kept, by its event, and how it is told. Of two, the first that fits.
TOLD = {
    "picked_up": [("{who} picked up", gettext_lazy("%(who)s picked up"))],
    "taken_over": [
        ("{who} took over from {owner}", gettext_lazy("%(who)s took over from %(owner)s"))
    ],
    "transferred": [
        ("{who} transferred to {to}", gettext_lazy("%(who)s transferred to %(to)s")),
        ("{who} took the transfer back", gettext_lazy("%(who)s took the transfer back")),
    ],
    "closed": [
        (
            "{who} closed the session: {about}",
            gettext_lazy("%(who)s closed the session: %(about)s"),
        ),
        ("{who} closed the session", gettext_lazy("%(who)s closed the session")),
    ],
    "reopened": [
        ("{who} opened the session again", gettext_lazy("%(who)s opened the session again"))
    ],
    "started": [("{who} started the session", gettext_lazy("%(who)s started the session"))],
    "tested": [("{who} tested the channel", gettext_lazy("%(who)s tested the channel"))],
    "snoozed": [
        (
            "{who} snoozed the session until the customer replies",
            gettext_lazy("%(who)s snoozed the session until the customer replies"),
        ),
        (
            "{who} snoozed the session until {when}",
            gettext_lazy("%(who)s snoozed the session until %(when)s"),
        ),
    ],
    "woken": [
        ("{who} brought the session back", gettext_lazy("%(who)s brought the session back")),
        ("Back: the time is up", gettext_lazy("Back: the time is up")),
        ("Back: the customer replied", gettext_lazy("Back: the customer replied")),
    ],
    "priority": [
        ("{who} removed the priority", gettext_lazy("%(who)s removed the priority")),
        ("{who} set the priority to high", gettext_lazy("%(who)s set the priority to high")),
        ("{who} marked it as urgent", gettext_lazy("%(who)s marked it as urgent")),
    ],
}
#: Reasons of our own, under a message or at a file. What providers say stays as they said it.
REASONS = frozenset(
    [
        gettext_noop("Parley was interrupted while sending. It is not known whether this arrived."),
        gettext_noop("Taken back before it left."),
        gettext_noop("The provider named a file but sent neither its content nor its address."),
        gettext_noop("The time this file was kept for is over."),
    ]
)
_AUTO_CLOSED = re.compile(r"Closed after (\d{1,6}) days? without a message")


def _pattern(kept: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(kept)), re.DOTALL)


_PATTERNS = {
    event: [(_pattern(kept), said) for kept, said in lines] for event, lines in TOLD.items()
}


def told(event: str, text: str) -> str:
    """The line as this reader understands it; one that is not known stays as it was kept."""
    if event == "auto_closed" and (found := _AUTO_CLOSED.fullmatch(text)):
        days = int(found[1])
        said = ngettext(
            "Closed after %(days)d day without a message",
            "Closed after %(days)d days without a message",
            days,
        )
        return said % {"days": days}
    for pattern, words in _PATTERNS.get(event, ()):
        if known := pattern.fullmatch(text):
            facts = known.groupdict()
            if "when" in facts:
                facts["when"] = _moment(facts["when"])
            return str(words) % facts
    return text


def reason(text: str) -> str:
    """Why something is as it is, where the words are ours."""
    return _(text) if text in REASONS else text


def _moment(kept: str) -> str:
    try:
        at: datetime | None = parse_datetime(kept)
    except ValueError:
        at = None
    if at is None or timezone.is_naive(at):
        return kept
    return date_format(timezone.localtime(at), _("l, j F, H:i"))
