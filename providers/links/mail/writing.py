"""Our message as a mail, in the conversation it belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import formataddr

from django.core.mail import EmailMessage

from ...messages import Outbound
from ..base import Earlier
from .reading import MARK
from .settings import Settings

_SUBJECT = re.compile(r"\ASubject:[ \t]*([^\r\n]*\S)[ \t]*(?:\r\n?|\n|\Z)", re.IGNORECASE)
_ANSWER = re.compile(r"\A\s*(re|aw|antw|sv|vs|odp|r)\s*(\[\d+\])?:", re.IGNORECASE)
_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")
MOST_IDS = 20


def compose(message: Outbound, earlier: Sequence[Earlier], settings: Settings) -> EmailMessage:
    """The mail. A text whose first line is "Subject: ..." begins a conversation of that name.

    Any other answers the last one: its subject is kept, and its Message-IDs are named, so that
    mail programs show both together.
    """
    subject, text = _own_subject(message.text)
    answered: list[str] = []
    if not subject:
        thread = _thread(earlier)
        answered = [each.provider_id for each in thread if _ID.fullmatch(each.provider_id)]
        subject = _subject_of(thread)
        if subject and not _ANSWER.match(subject):
            subject = f"Re: {subject}"
    headers = {"Message-ID": own_id(message), MARK: message.sender}
    if answered:
        theirs = [each for each in thread if not each.ours and each.provider_id in answered]
        headers["In-Reply-To"] = theirs[0].provider_id if theirs else answered[0]
        headers["References"] = " ".join(reversed(answered[:MOST_IDS]))
    name = settings.from_name
    mail = EmailMessage(
        subject=subject or settings.subject,
        body=text,
        from_email=formataddr((name, message.sender)) if name else message.sender,
        to=[message.recipient],
        headers=headers,
    )
    for each in message.media:
        mail.attach(each.name or "file", each.content or b"", each.content_type or None)
    return mail


def own_id(message: Outbound) -> str:
    """The Message-ID of an attempt: reports and answers name it."""
    domain = message.sender.rpartition("@")[2] or "localhost"
    return f"<{message.reference}.parley@{domain}>"


def _own_subject(text: str) -> tuple[str, str]:
    found = _SUBJECT.match(text)
    return (found[1].strip(), text[found.end() :].lstrip("\r\n")) if found else ("", text)


def _thread(earlier: Sequence[Earlier]) -> list[Earlier]:
    """The messages of the last conversation, the newest first: back to the one that named it."""
    thread = []
    for each in earlier:
        thread.append(each)
        if _SUBJECT.match(each.text):
            break
    return thread


def _subject_of(thread: Sequence[Earlier]) -> str:
    return _own_subject(thread[-1].text)[0] if thread else ""
