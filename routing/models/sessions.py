"""Sessions: one customer and one of our numbers, until it is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_app.models import Channel, Number

from .customers import Customer
from .rules import Extension, Platform, Queue, Rule


class AlreadyTaken(Exception):
    """Another agent was first. ``holder`` is who."""

    def __init__(self, holder: Extension | None) -> None:
        who = holder.name if holder else _("Someone else")
        super().__init__(_("%(who)s already has this session.") % {"who": who})
        self.holder = holder


class SessionClosed(Exception):
    """The session is closed; a new one must be started."""

    def __init__(self) -> None:
        super().__init__(_("This session is closed. Start a new one to write again."))


class SessionQuerySet(models.QuerySet["Session"]):
    def open(self) -> SessionQuerySet:
        return self.filter(closed_at=None)

    def for_extension(self, extension: Extension) -> SessionQuerySet:
        """All that this agent may see: their own, and what waits in their queues."""
        queues = Queue.objects.filter(members=extension)
        return self.filter(Q(holder=extension) | Q(holder=None, queue__in=queues))

    def readable_by(self, extension: Extension) -> SessionQuerySet:
        """All that this agent may see, and those in which a colleague mentioned them."""
        seen = Session.objects.for_extension(extension).values("pk")
        called = extension.mentions.values("session")
        return self.filter(Q(pk__in=seen) | Q(pk__in=called))

    def before(self, session: Session | type[OuterRef], extension: Extension) -> SessionQuerySet:
        """The same customer's sessions that began earlier, as far as this agent may see them.

        With ``OuterRef`` for the session, to be a part of a query about sessions.
        """
        names = ("customer", "opened_at", "pk")
        if isinstance(session, Session):
            customer, opened_at, pk = session.customer_id, session.opened_at, session.pk
        else:
            customer, opened_at, pk = map(OuterRef, names)
        mine = self.for_extension(extension).filter(customer=customer)
        return mine.filter(opened_at__lte=opened_at).exclude(pk=pk)

    def not_archived_by(self, extension: Extension) -> SessionQuerySet:
        """Without those the agent archived since the last message; a new message brings it back."""
        return self.filter(
            ~Exists(
                Archived.objects.filter(
                    session=OuterRef("pk"), extension=extension, at__gte=OuterRef("last_at")
                )
            )
        )

    def archived_by(self, extension: Extension) -> SessionQuerySet:
        return self.filter(archivings__extension=extension, archivings__at__gte=F("last_at"))

    def follow_rules(self) -> None:
        """Let them go where their numbers' messages go now."""
        for rule in Rule.objects.filter(number__in=self.order_by().values("number")):
            self.filter(number=rule.number_id).update(
                holder=rule.extension_id, queue=rule.queue_id, platform=rule.platform_id
            )

    def idle(self, channel: Channel, now: datetime) -> SessionQuerySet:
        """The channel's open sessions whose time-out has passed, oldest first."""
        if channel.close_after_days is None:
            return self.none()
        limit = now - timedelta(days=channel.close_after_days)
        asleep = Q(snoozed_until__isnull=False) & ~Q(snoozed_until=Session.UNTIL_REPLY)
        idle = self.open().filter(channel=channel, last_at__lt=limit)
        return idle.exclude(asleep).order_by("last_at")

    def awake(self) -> SessionQuerySet:
        """Without those that are snoozed."""
        return self.filter(snoozed_until=None)

    def snoozed_for(self, extension: Extension) -> SessionQuerySet:
        """The snoozed ones that this agent may see.

        The sums keep every database from beginning with all that the agent ever held: only the
        index of the few that sleep is left to begin with.
        """
        queues = Queue.objects.filter(members=extension)
        asleep = self.filter(snoozed_until__isnull=False)
        asleep = asleep.alias(by=F("holder_id") + 0, lies=F("queue_id") + 0)
        return asleep.filter(Q(by=extension.pk) | Q(by=None, lies__in=queues))

    def due(self, now: datetime) -> SessionQuerySet:
        """The snoozed ones whose time has come, the oldest first."""
        return self.filter(snoozed_until__lte=now).order_by("snoozed_until")


class Session(models.Model):
    """Open while ``closed_at`` is empty; waiting while ``holder`` is empty."""

    NORMAL, HIGH, URGENT = 0, 1, 2
    PRIORITIES = {NORMAL: _("None"), HIGH: _("High"), URGENT: _("Urgent")}
    #: A time that never comes: only the customer wakes the session.
    UNTIL_REPLY = datetime(9000, 1, 1, tzinfo=UTC)
    #: What ``woken`` may be. ``REPLIED`` lasts until a line in the session has said so.
    SEEN, BACK, REPLIED = 0, 1, 2

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="sessions", db_index=False)
    number = models.ForeignKey(Number, models.PROTECT, related_name="sessions")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="sessions")

    queue = models.ForeignKey(Queue, models.SET_NULL, null=True, related_name="sessions")
    holder = models.ForeignKey(
        Extension, models.SET_NULL, null=True, related_name="sessions", db_index=False
    )
    platform = models.ForeignKey(Platform, models.SET_NULL, null=True, related_name="sessions")

    opened_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    #: What the list shows without looking at the messages.
    last_text = models.CharField(max_length=200, blank=True)
    last_inbound = models.BooleanField(default=True)
    #: When the customer last wrote: providers' windows are counted from it.
    inbound_at = models.DateTimeField(null=True)
    unread = models.PositiveIntegerField(default=0)
    priority = models.PositiveSmallIntegerField(choices=PRIORITIES, default=NORMAL, db_default=0)
    #: Out of the agents' lists until then.
    snoozed_until = models.DateTimeField(null=True)
    #: Whether it came back and its holder has not looked at it since.
    woken = models.PositiveSmallIntegerField(default=SEEN, db_default=0)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-pk"]
        permissions = [("supervise", "Can see and reassign all agents' sessions in the inbox")]
        constraints = [
            models.UniqueConstraint(
                fields=["number", "customer"],
                condition=Q(closed_at=None),
                name="one_open_session",
            ),
        ]
        indexes = [
            models.Index(fields=["holder", "-last_at", "-id"], name="session_of_holder"),
            models.Index(
                fields=["queue", "-last_at", "-id"],
                name="session_waiting",
                condition=Q(holder=None),
            ),
            models.Index(
                fields=["platform", "-last_at", "-id"],
                name="session_of_platform",
                condition=~Q(platform=None),
            ),
            models.Index(
                fields=["channel", "last_at"], name="session_idle", condition=Q(closed_at=None)
            ),
            # What is open is little of all there ever was.
            models.Index(
                fields=["holder", "-last_at", "-id"],
                name="session_open_of_holder",
                condition=Q(closed_at=None, holder__isnull=False),
            ),
            models.Index(
                fields=["queue", "-last_at", "-id"],
                name="session_open_in_queue",
                condition=Q(closed_at=None, holder=None),
            ),
            models.Index(
                fields=["snoozed_until"],
                name="session_snoozed",
                condition=Q(snoozed_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} ↔ {self.number}"

    def readable(self, extension: Extension) -> bool:
        """Whether this agent may see it."""
        return Session.objects.for_extension(extension).filter(pk=self.pk).exists()

    @property
    def shared(self) -> bool:
        """Whether the queue's members all see and answer it for its whole life."""
        return bool(self.queue and self.queue.pickup == Queue.NONE and not self.holder_id)

    def touch(self, text: str, *, inbound: bool, at: datetime | None = None) -> None:
        """Move the session to the top of the lists with this last text."""
        at = at or timezone.now()
        Session.objects.filter(pk=self.pk).update(
            last_at=at, last_text=text[:200], last_inbound=inbound
        )

    def pick_up(self, extension: Extension) -> bool:
        """Make this agent the holder. False if they already were.

        Raises AlreadyTaken or SessionClosed.
        """
        free = Session.objects.open().filter(pk=self.pk, holder=None, platform=None)
        if free.update(holder=extension):
            self.holder = extension
            return True
        self.refresh_from_db()
        if self.closed_at:
            raise SessionClosed
        if self.holder_id == extension.pk:
            return False
        raise AlreadyTaken(self.holder)

    def adopt(self, **owner: Any) -> bool:
        """Give a session that nobody has to its ``holder``, ``queue`` or ``platform``.

        Returns whether this call did. A campaign leaves such sessions behind.
        """
        nobody = {"holder": None, "queue": None, "platform": None}
        if not Session.objects.open().filter(pk=self.pk, **nobody).update(**owner):
            return False
        for name, value in owner.items():
            setattr(self, name, value)
        return True

    def move(self, seen_holder: Extension | None, **destination: Any) -> None:
        """Give the session to exactly one of ``holder``, ``queue`` or ``platform``.

        Raises AlreadyTaken if the holder is no longer the one the caller saw.
        """
        wanted: dict[str, Any] = {"holder": None, "queue": None, "platform": None, **destination}
        wanted |= {"snoozed_until": None, "woken": self.SEEN}
        same = Session.objects.filter(pk=self.pk, holder=seen_holder)
        if not same.update(**wanted):
            self.refresh_from_db()
            raise AlreadyTaken(self.holder)
        for name, value in wanted.items():
            setattr(self, name, value)

    def close(self) -> bool:
        """Close the session; returns whether this call did it."""
        now = timezone.now()
        ended = {"closed_at": now, "unread": 0, "snoozed_until": None, "woken": self.SEEN}
        if Session.objects.open().filter(pk=self.pk).update(**ended):
            self.closed_at = now
            return True
        return False

    def mark_read(self) -> bool:
        """Forget the unread count and that it came back; returns whether there was either."""
        news = Q(unread__gt=0) | Q(woken__gt=0)
        return bool(Session.objects.filter(news, pk=self.pk).update(unread=0, woken=self.SEEN))


class Archived(models.Model):
    """One agent put a session away. It comes back with the next message."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="archivings")
    extension = models.ForeignKey(Extension, models.CASCADE, related_name="archivings")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["extension", "session"], name="archived_once")
        ]
