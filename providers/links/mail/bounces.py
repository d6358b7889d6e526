"""What mail systems write, and not people: bounces, receipts, automatic answers."""

from __future__ import annotations

import re
from email.message import Message
from email.parser import HeaderParser
from email.utils import parseaddr

from ...messages import DELIVERED, FAILED, READ, SENT, Report
from .parts import header, read

#: Our Message-IDs: the attempt's reference, then our mark.
OURS = re.compile(r"<([0-9a-z]{8,32})\.parley@[^<>\s]+>")
ACTIONS = {"failed": FAILED, "delivered": DELIVERED, "relayed": SENT, "expanded": SENT}
_SYSTEMS = ("mailer-daemon", "postmaster", "mail-daemon")


def reports(mail: Message) -> list[Report] | None:
    """The reports that a mail holds; None if it is none. "Delayed" is no news yet."""
    kind = (mail.get_content_type(), str(mail.get_param("report-type") or "").lower())
    if kind == ("multipart/report", "delivery-status"):
        return _delivery(mail)
    if kind == ("multipart/report", "disposition-notification"):
        return _disposition(mail)
    if _is_bounce(mail):
        text, _ = read(mail)
        if found := OURS.search(f"{text}\n{header(mail, 'References')}"):
            return [_report(FAILED, found[0], _first_lines(text))]
    return None


def is_automatic(mail: Message) -> bool:
    """Whether a program answered: out of office, received with thanks."""
    answered = header(mail, "Auto-Submitted").lower().split(";")[0].strip()
    if answered and answered != "no":
        return True
    precedence = header(mail, "Precedence").lower()
    return precedence == "auto_reply" or bool(mail.get("X-Autoreply") or mail.get("X-Autorespond"))


def message_id(text: str) -> str:
    """The first Message-ID in a header's text; "" if there is none."""
    found = re.search(r"<[^<>\s]+@[^<>\s]+>", text)
    return found[0] if found else ""


def _is_bounce(mail: Message) -> bool:
    sender = parseaddr(header(mail, "From"))[1].lower()
    empty = header(mail, "Return-Path") == "<>"
    return empty or sender.split("@")[0] in _SYSTEMS


def _delivery(mail: Message) -> list[Report]:
    original = _original_id(mail)
    found = []
    for block in _blocks(mail, "message/delivery-status"):
        if status := ACTIONS.get(header(block, "Action").lower()):
            found.append(_report(status, original, _why(block)))
    return found


def _disposition(mail: Message) -> list[Report]:
    found = []
    for block in _blocks(mail, "message/disposition-notification"):
        if "displayed" in header(block, "Disposition").lower():
            original = message_id(header(block, "Original-Message-ID"))
            found.append(_report(READ, original or _original_id(mail), ""))
    return found


def _inside(part: Message) -> list[Message]:
    inside = part.get_payload()
    return [x for x in inside if isinstance(x, Message)] if isinstance(inside, list) else []


def _blocks(mail: Message, kind: str) -> list[Message]:
    """The blocks of fields in the parts of this type."""
    found = []
    for part in _inside(mail):
        if part.get_content_type() == kind:
            found += _inside(part) or _parsed(str(part.get_payload()))
    return found


def _parsed(text: str) -> list[Message]:
    """Blocks of fields that the parser left as text."""
    return [HeaderParser().parsestr(each) for each in re.split(r"\r?\n\r?\n", text.strip())]


def _original_id(mail: Message) -> str:
    """The Message-ID of the mail that the report is about: from what it returns, or its headers."""
    for part in _inside(mail):
        kind = part.get_content_type()
        if kind == "message/rfc822" and (returned := _inside(part)):
            return message_id(header(returned[0], "Message-ID"))
        if kind == "text/rfc822-headers":
            return message_id(header(_parsed(str(part.get_payload()))[0], "Message-ID"))
    return message_id(header(mail, "In-Reply-To")) or message_id(header(mail, "References"))


def _why(block: Message) -> str:
    said = header(block, "Diagnostic-Code") or header(block, "Status")
    return re.sub(r"^(smtp|x-\w+)\s*;\s*", "", said, flags=re.IGNORECASE)


def _first_lines(text: str) -> str:
    return " ".join(text.split())[:300]


def _report(status: str, original: str, why: str) -> Report:
    ours = OURS.fullmatch(original)
    reason = (
        f"Not delivered: {why or 'the mail system gives no reason'}." if status == FAILED else ""
    )
    return Report(
        status,
        provider_id=original,
        reference=ours[1] if ours else "",
        reason=reason.replace("..", "."),
    )
