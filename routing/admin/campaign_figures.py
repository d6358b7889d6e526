"""What a campaign's pages show of its progress: shares of a bar, figures, the time that is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from routing.models import Campaign, Message, Recipient

#: The parts of the bar in their order: its colour, and the states that belong to it.
PARTS = (
    ("delivered", (Message.DELIVERED, Message.READ)),
    ("sent", (Message.SENT,)),
    ("failed", (Message.FAILED,)),
    ("unknown", (Message.UNKNOWN,)),
    ("queued", (Recipient.QUEUED,)),
)
SHOWN = 10_000  # of those left out, the reasons of so many are counted


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of all recipients who are to get a message."""

    counts: Mapping[str, int]
    answered: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values()) - self.counts[Recipient.LEFT_OUT]

    @property
    def done(self) -> int:
        """How many messages have left, whatever became of them."""
        return self.total - self.counts[Recipient.WAITING] - self.counts[Recipient.QUEUED]

    @property
    def arrived(self) -> int:
        return self.counts[Message.DELIVERED] + self.counts[Message.READ]

    @property
    def percent(self) -> int:
        """Whole percents, rounded down: 100 means all."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Where each part of the bar begins and how wide it is, in percents."""
        found, at = [], 0.0
        for name, states in PARTS:
            width = 100 * sum(self.counts[state] for state in states) / (self.total or 1)
            found.append({"name": name, "at": f"{at:.3f}", "width": f"{width:.3f}"})
            at += width
        return found

    @property
    def words(self) -> str:
        return _("%(done)s of %(total)s sent") % {
            "done": f"{self.done:,}",
            "total": f"{self.total:,}",
        }

    @property
    def answer_rate(self) -> str:
        gone = self.done - self.counts[Message.FAILED]
        return f"{100 * self.answered / gone:.1f} %" if gone else "–"


def progress_of(campaign: Campaign) -> Progress:
    return Progress(campaign.counts(), campaign.answered)


def bar(progress: Progress) -> str:
    """The bar, with its words for those who do not see it."""
    return render_to_string("admin/parley/_campaign_bar.html", {"progress": progress})


def seconds_left(campaign: Campaign, progress: Progress) -> int:
    """How long the rest takes at the channel's rate."""
    left = progress.counts[Recipient.WAITING] + progress.counts[Recipient.QUEUED]
    return round(left / float(campaign.channel.rate))


def duration(seconds: int) -> str:
    """A time in words: "40 seconds", "12 minutes", "3 hours"."""
    if seconds < 90:
        return _("%d seconds") % seconds
    if seconds < 5_400:
        return _("%d minutes") % round(seconds / 60)
    hours = seconds / 3600
    return _("%d hours") % round(hours) if hours < 48 else _("%d days") % round(hours / 24)


def left_out(campaign: Campaign) -> list[dict[str, Any]]:
    """Why recipients are left out, how many of each, and the first of them. Two queries."""
    mine = Recipient.objects.filter(campaign=campaign, state=Recipient.LEFT_OUT)
    some = mine.order_by("pk").values("pk")[:SHOWN]
    counted = Recipient.objects.filter(pk__in=some).order_by().values("reason")
    numbers = dict(counted.annotate(n=Count("pk")).values_list("reason", "n"))
    examples: dict[str, list[Recipient]] = {reason: [] for reason in numbers}
    for row in mine.order_by("pk")[:300]:
        if len(examples.setdefault(row.reason, [])) < 5:
            examples[row.reason].append(row)
    return [
        {"reason": reason, "name": name, "number": numbers[reason], "rows": examples[reason]}
        for reason, name in Recipient.REASONS.items()
        if reason in numbers
    ]


def told(campaign: Campaign) -> dict[str, Any]:
    """All that changes while one looks, for the browser that asks again and again."""
    progress = progress_of(campaign)
    size = campaign.list_size or 1
    last = campaign.lines_read or 1
    return {
        "state": campaign.state,
        "percent": progress.percent,
        "words": progress.words,
        "parts": progress.parts,
        "counts": {state: f"{n:,}" for state, n in progress.counts.items()},
        "answered": f"{campaign.answered:,}",
        "rate": progress.answer_rate,
        "left": duration(seconds_left(campaign, progress)),
        "reading": campaign.is_reading,
        "read_percent": min(100, 100 * campaign.list_read // size),
        "lines": f"{campaign.lines_read:,}",
        "fault": campaign.list_fault,
        "checked": campaign.checked,
        "checked_percent": min(100, 100 * campaign.checked_to // last),
    }
