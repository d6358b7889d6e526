"""Writing to a session's customer from another of our numbers: a session of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from django.core.files import File
from django.utils.translation import gettext as _

from channels_app.models import Number
from providers import registry

from ..models import Attachment, Extension, Message, Session
from .refusing import Refused
from .starting import numbers_to_start_from, start


def other_numbers(extension: Extension, session: Session) -> list[Number]:
    """Our other numbers from which this agent may reach the session's customer."""
    allowed = numbers_to_start_from(extension).filter(channel__paused=False)
    others = allowed.exclude(pk=session.number_id)
    return [each for each in others if _network(each) == session.customer.network]


def write_elsewhere(
    extension: Extension,
    session: Session,
    number: Number,
    text: str,
    *,
    upload: Sequence[File] = (),
    client_key: str = "",
) -> Session:
    """Write to the same customer from this number; returns the session there. Raises Refused."""
    if number not in other_numbers(extension, session):
        raise Refused(_("This customer cannot be reached from that number."))
    address = session.customer.address
    return start(extension, number, address, text, upload=upload, client_key=client_key)


def send_elsewhere(extension: Extension, message: Message, number: Number) -> Session:
    """Send what failed once more, from this number; returns the session there. Raises Refused."""
    if not message.may_retry:
        raise Refused(_("This message has left already."))
    if message.template is not None:
        raise Refused(_("A template belongs to its channel: choose one of the other number."))
    key = f"again:{message.pk}:{number.pk}:{extension.pk}"
    kept = message.attachments.filter(state=Attachment.KEPT)
    with _opened(list(kept)) as upload:
        return write_elsewhere(
            extension, message.session, number, message.text, upload=upload, client_key=key
        )


@contextmanager
def _opened(kept: Sequence[Attachment]) -> Iterator[list[File]]:
    with ExitStack() as stack:
        files = []
        for each in kept:
            file = File(stack.enter_context(each.file.open("rb")), name=each.name)
            file.content_type = each.content_type
            files.append(file)
        yield files


def _network(number: Number) -> str:
    try:
        return registry.get(number.channel.provider).network
    except KeyError:
        return ""
