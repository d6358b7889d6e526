"""A received mail as what the desk knows: a customer's message, or reports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from ...messages import Inbound, Report
from ...reading import clean
from . import bounces
from .parts import header, read

INTRODUCTION = 3  # lines that introduce a quotation, at most
MARK = "X-Parley"  # of mails that a Parley sent, with its own address


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail is: a message (with the ids it answers), reports, or ours that came back."""

    message: Inbound | None = None
    answers: tuple[str, ...] = ()
    automatic: bool = False
    reports: tuple[Report, ...] = ()
    returned: bool = False


def understand(raw: bytes, uid: str, own: str) -> Mail:
    """Read a mail of any kind; never raises for what it is.

    ``uid`` is its name in the mailbox, for mails without a Message-ID; ``own`` the mailbox's
    address.
    """
    try:
        mail = message_from_bytes(raw)
        reports = bounces.reports(mail)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return Mail(_unreadable(raw, uid, own))
    if reports is not None:
        return Mail(reports=tuple(reports))
    if own and own in header(mail, MARK).lower():
        return Mail(returned=True)
    answers = [*_ids(header(mail, "References")), *_ids(header(mail, "In-Reply-To"))]
    automatic = bounces.is_automatic(mail)
    try:
        text, files = read(mail)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return Mail(_unreadable(raw, uid, own))
    subject = header(mail, "Subject")
    said = [f"Subject: {subject}\n"] if subject and not answers else []
    said += ["(Automatic reply)"] if automatic else []
    said += [_without_quotation(text) if answers else text]
    name, sender = sender_of(mail)
    ours = [*recipients_of(mail), own] if own else recipients_of(mail)
    message = Inbound(
        sender=sender,
        recipient=ours[0] if ours else "",
        text="\n".join(filter(None, said)).strip(),
        provider_id=bounces.message_id(header(mail, "Message-ID")) or uid,
        media=files,
        sent_at=_moment(header(mail, "Date")),
        name=name,
        others=tuple(ours[1:]),
    )
    return Mail(message, tuple(answers), automatic)


def sender_of(mail: Message) -> tuple[str, str]:
    """Name and address to which an answer goes."""
    for field in ("Reply-To", "From", "Sender", "Return-Path"):
        for name, address in getaddresses([header(mail, field)]):
            if "@" in address:
                return clean(name)[:255], address.strip().lower()
    return "", ""


def recipients_of(mail: Message) -> list[str]:
    """Everybody it was sent to, once each; an address with a "+" also without what follows it."""
    fields = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    given = [header(mail, field) for field in fields]
    found: dict[str, None] = {}
    for _, address in getaddresses(given):
        address = address.strip().lower()
        if "@" in address:
            found[address] = None
            found[re.sub(r"\+[^@]*@", "@", address)] = None
    return list(found)[:100]


def _ids(text: str) -> list[str]:
    return re.findall(r"<[^<>\s]+@[^<>\s]+>", text)[-30:]


def _moment(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _without_quotation(text: str) -> str:
    """The text without the quotation at its end, and the paragraph that introduces it."""
    lines = text.split("\n")
    while lines and (not lines[-1].strip() or lines[-1].startswith(">")):
        lines.pop()
    if not any(line.startswith(">") for line in text.split("\n")[len(lines) :]):
        return text
    # "On Monday, 3 March 2026, Anna <anna@example.com>\\nwrote:", in one line or in some.
    if lines and lines[-1].rstrip().endswith(":"):
        for count in range(1, min(INTRODUCTION, len(lines)) + 1):
            if re.search(r"[0-9@]", "".join(lines[-count:])):
                lines = lines[:-count]
                break
    return "\n".join(lines).strip() or text


def _unreadable(raw: bytes, uid: str, own: str) -> Inbound:
    said = "This mail could not be read. It is in the mailbox as it came."
    head = raw[:4_000].decode("utf-8", "replace")
    found = re.search(r"^From:.*?([^\s<>@]+@[^\s<>@]+)", head, re.IGNORECASE | re.MULTILINE)
    sender = found[1].lower() if found else "unknown"
    return Inbound(sender, own, said, provider_id=uid, raw=clean(head))
