"""What the virtual phone shows: the customer's own messages, and the answers that reached them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from channels_app.models import Number

from .. import files
from ..models import Attachment, Message

SHOWN = 60
ARRIVED = (Message.SENT, Message.DELIVERED, Message.READ)


@dataclass(frozen=True)
class Picture:
    """A file as the phone shows it."""

    attachment: Attachment

    @property
    def address(self) -> str:
        """Where it is, on whatever host the page was opened."""
        return urlsplit(files.link(self.attachment)).path


@dataclass(frozen=True)
class Bubble:
    """One message as the customer sees it."""

    message: Message

    @property
    def own(self) -> bool:
        return self.message.direction == Message.IN

    @property
    def state(self) -> str:
        return "Delivered" if self.own else str(self.message.get_status_display())

    @property
    def to_report(self) -> bool:
        """Whether the phone still has to say that this arrived."""
        return self.message.status == Message.SENT and bool(self.message.provider_id)

    @property
    def pictures(self) -> list[Picture]:
        kept = (a for a in self.message.attachments.all() if a.state == Attachment.KEPT)
        return [Picture(each) for each in kept]


def screen(number: Number, customer: str) -> list[Bubble]:
    """The newest messages between the two, oldest first."""
    between = Message.objects.filter(
        session__number=number, session__customer__address=customer
    ).exclude(direction=Message.SYSTEM)
    arrived = between.filter(direction=Message.IN) | between.filter(status__in=ARRIVED)
    newest = arrived.order_by("-pk").prefetch_related("attachments")[:SHOWN]
    return [Bubble(message) for message in reversed(newest)]
