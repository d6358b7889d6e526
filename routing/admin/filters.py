"""The filters of the lists that no single field can answer."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from routing.models import Exchange, Message, Platform


class QFilter(DropdownFilter):
    """A filter whose choices are conditions, named in ``conditions``."""

    conditions: dict[str, tuple[str, Q]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, name) for key, (name, _) in self.conditions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.conditions.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


class SessionStateFilter(QFilter):
    title = "state"
    parameter_name = "state"
    conditions = {
        "open": ("Open", Q(closed_at=None)),
        "waiting": ("Waiting in a queue", Q(closed_at=None, holder=None, queue__isnull=False)),
        "held": ("Held by an agent", Q(closed_at=None, holder__isnull=False)),
        "platform": ("At a platform", Q(closed_at=None, platform__isnull=False)),
        "nobody": ("With nobody", Q(closed_at=None, holder=None, queue=None, platform=None)),
        "closed": ("Closed", Q(closed_at__isnull=False)),
    }


class MessageStatusFilter(QFilter):
    title = "status"
    parameter_name = "status"
    conditions = {
        "trouble": ("Failed or unknown", Q(status__in=[Message.FAILED, Message.UNKNOWN])),
        **{key: (name, Q(status=key)) for key, name in Message.STATUSES.items()},
    }


class OutcomeFilter(QFilter):
    title = "outcome"
    parameter_name = "outcome"
    conditions = {
        "trouble": (
            "Anything but success",
            ~Q(outcome__in=[Exchange.OK, Message.SENT, Message.DELIVERED, Message.READ]),
        ),
        Exchange.OK: ("OK", Q(outcome=Exchange.OK)),
        Exchange.REFUSED: ("Refused", Q(outcome=Exchange.REFUSED)),
        Exchange.HELD: ("Held", Q(outcome=Exchange.HELD)),
        Message.SENT: ("Sent", Q(outcome=Message.SENT)),
        Message.QUEUED: ("To be tried again", Q(outcome=Message.QUEUED)),
        Message.FAILED: ("Failed", Q(outcome=Message.FAILED)),
        Message.UNKNOWN: ("Unknown", Q(outcome=Message.UNKNOWN)),
    }


class EventStateFilter(QFilter):
    title = "state"
    parameter_name = "state"
    conditions = {
        "waiting": ("Waiting", Q(done_at=None, failed_at=None)),
        "failed": ("Given up", Q(failed_at__isnull=False)),
        "done": ("Delivered", Q(done_at__isnull=False)),
    }


class ReceiverFilter(DropdownFilter):
    """Platforms, and the doors' receivers, which are no platforms anywhere else."""

    title = "platform or door"
    parameter_name = "platform"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[int, str]]:
        return list(Platform.everyone.order_by("name").values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(platform=chosen) if chosen and chosen.isdigit() else queryset


class SettledFilter(QFilter):
    """Shows the open ones unless asked otherwise."""

    title = "state"
    parameter_name = "state"
    all_option = None
    conditions = {
        "open": ("To be looked at", Q(settled_at=None)),
        "settled": ("Settled", Q(settled_at__isnull=False)),
        "all": ("All", Q()),
    }

    def value(self) -> str:
        return super().value() or "open"
