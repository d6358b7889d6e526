"""The time in which a network takes free texts: so many hours from the customer's last message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_app.models import Channel
from providers.base import Provider

from .sessions import Session


@dataclass(frozen=True, slots=True)
class Window:
    """``closes_at`` is None if the customer never wrote; ``help`` says what is possible then."""

    closes_at: datetime | None
    name: str
    hours: float
    help: str

    @property
    def is_open(self) -> bool:
        return self.closes_at is not None and self.closes_at > timezone.now()

    @property
    def why_closed(self) -> str:
        """Why no free text may be sent, and what may, in a sentence or two."""
        said = _(
            "%(provider)s takes free texts within %(time)s of the customer's last message, "
            "and this customer has not written yet."
        )
        if self.closes_at is not None:
            said = _(
                "%(provider)s takes free texts within %(time)s of the customer's last message, "
                "and these are over."
            )
        told = said % {"provider": self.name, "time": self._lasts}
        return f"{told} {self.help}".strip()

    @property
    def _lasts(self) -> str:
        hours, days = round(self.hours), round(self.hours / 24)
        if hours < 72:
            return ngettext("%(hours)d hour", "%(hours)d hours", hours) % {"hours": hours}
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def window_of(session: Session) -> Window | None:
    """The window of the session's customer at its number; None if the provider has none."""
    adapter = session.channel.adapter
    if adapter.window_hours is None:
        return None
    found = _window(adapter, session.inbound_at)
    return found if found.is_open else _window(adapter, _last_inbound(session))


def windows_of(channel: Channel, sessions: Iterable[int]) -> dict[int, Window]:
    """The windows of many sessions of one channel, by one query; empty if it has none."""
    adapter = channel.adapter
    if adapter.window_hours is None:
        return {}
    same = Session.objects.filter(number=OuterRef("number"), customer=OuterRef("customer"))
    last = same.order_by().values("customer").annotate(last=Max("inbound_at")).values("last")
    found = Session.objects.filter(pk__in=set(sessions)).annotate(wrote_at=Subquery(last))
    return {pk: _window(adapter, at) for pk, at in found.values_list("pk", "wrote_at")}


def _last_inbound(session: Session) -> datetime | None:
    """When the customer last wrote to this number, in this session or an earlier one."""
    same = Session.objects.filter(number=session.number_id, customer=session.customer_id)
    found: datetime | None = same.aggregate(last=Max("inbound_at"))["last"]
    return found


def _window(adapter: Provider, wrote_at: datetime | None) -> Window:
    hours = adapter.window_hours or 0
    closes_at = wrote_at + timedelta(hours=hours) if wrote_at else None
    return Window(closes_at, adapter.name, hours, adapter.window_help)
