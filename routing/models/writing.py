"""What helps an agent to write: settings, drafts, canned replies; who a note mentions."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .app import Alerts, Keys, Look
from .layout import Layout
from .messages import Message
from .rules import Extension, Queue
from .sessions import Session
from .speech import Speech


class AgentSettings(Look, Alerts, Keys, Layout, Speech, models.Model):
    """How one agent likes to work. Who never chose has no row."""

    UNDO = {0: _("Off"), 5: _("5 seconds"), 10: _("10 seconds"), 30: _("30 seconds")}

    extension = models.OneToOneField(
        Extension, models.CASCADE, primary_key=True, related_name="settings"
    )
    undo_seconds = models.PositiveSmallIntegerField(
        "undo send",
        choices=UNDO,
        default=0,
        help_text="A message waits so long before it leaves, and can be taken back.",
    )

    AWAY = {
        0: _("Never"),
        5: _("5 minutes"),
        15: _("15 minutes"),
        30: _("30 minutes"),
        60: _("1 hour"),
    }
    away_minutes = models.PositiveSmallIntegerField(
        "away by itself",
        choices=AWAY,
        default=0,
        help_text="So long without a key or a click, the page asks, and then sets the status.",
    )

    def __str__(self) -> str:
        return f"Settings of {self.extension}"

    @classmethod
    def of(cls, extension: Extension) -> AgentSettings:
        """The agent's settings, or those that everybody begins with."""
        try:  # a page has them already
            return extension.settings
        except cls.DoesNotExist:
            return cls(extension=extension)


class Draft(models.Model):
    """What an agent has typed in a session and not sent yet."""

    extension = models.ForeignKey(Extension, models.CASCADE, related_name="drafts", db_index=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="drafts")
    text = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["extension", "session"], name="one_draft")]

    def __str__(self) -> str:
        return self.text[:40]


class CannedReplyQuerySet(models.QuerySet["CannedReply"]):
    def for_session(self, session: Session) -> CannedReplyQuerySet:
        """Those that may be used here: of everybody, and of the session's queue."""
        return self.filter(Q(queue=None) | Q(queue=session.queue_id))


class CannedReply(models.Model):
    """A text that agents need often. ``{customer}``, ``{agent}`` and ``{number}`` are filled in."""

    VARIABLES = ("customer", "agent", "number")

    shortcut = models.CharField(
        max_length=32,
        validators=[RegexValidator(r"^[\w-]+$", "Letters, digits, - and _ only.")],
        help_text="What is typed after / to find it, like hours or delivery-late.",
    )
    text = models.TextField(
        help_text="{customer} becomes the customer's name, {agent} the agent's, and {number} our "
        "number to which the customer wrote."
    )
    queue = models.ForeignKey(
        Queue,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="canned_replies",
        verbose_name="message queue",
        help_text="Offered in the sessions of this queue only; empty: in all.",
    )

    objects = CannedReplyQuerySet.as_manager()

    class Meta:
        ordering = ["shortcut", "pk"]
        verbose_name_plural = "canned replies"
        constraints = [
            models.UniqueConstraint(
                fields=["shortcut"], condition=Q(queue=None), name="canned_shortcut_of_all_once"
            ),
            models.UniqueConstraint(
                fields=["shortcut", "queue"], name="canned_shortcut_of_queue_once"
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut}"


class MentionQuerySet(models.QuerySet["Mention"]):
    def unseen(self) -> MentionQuerySet:
        return self.filter(seen_at=None)


class Mention(models.Model):
    """A colleague was named in a note: they may read its session, and answer by notes."""

    extension = models.ForeignKey(
        Extension, models.CASCADE, related_name="mentions", db_index=False
    )
    session = models.ForeignKey(Session, models.CASCADE, related_name="mentions")
    message = models.ForeignKey(Message, models.CASCADE, related_name="mentions")
    at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True)

    objects = MentionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["extension", "message"], name="mentioned_once")
        ]
        indexes = [
            models.Index(fields=["extension", "-id"], name="mention_of_agent"),
            models.Index(
                fields=["extension", "session"], name="mention_unseen", condition=Q(seen_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.extension} in {self.session}"
