"""Webhooks of providers that publish no form of them.

What the evidence suggests is the default; each name of a field and each word of a report can be
changed in the channel, by lines as in the HTTP profile. Messages and reports are told apart by
what they hold, for they may come to one address. A report to ``dlr/<reference>`` needs no id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Any, ClassVar

from django import forms

from ..base import FAILED, HttpProvider, Inbound, Report, WebhookRequest
from ..errors import WebhookError
from ..reading import e164, moment, unix
from . import _tree
from ._http_checks import RECEIVED, REPORTED, REPORTS, named, words
from ._params import told
from ._rules import pairs


class NamedWebhooks(HttpProvider):
    """A provider whose received messages and reports have the names of three tables."""

    #: Our names, and those of the provider with "|" between; and the words of reports with ours.
    received: ClassVar[Mapping[str, str]] = {}
    reported: ClassVar[Mapping[str, str]] = {}
    report_words: ClassVar[Mapping[str, str]] = {}
    zone: ClassVar[tzinfo] = UTC

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        names = self.table("received")
        for entry in self.entries(request):
            if reference_of(request) or not is_message(entry, names):
                continue
            found = {ours: _tree.first(entry, theirs) for ours, theirs in names.items()}
            recipient = self.number(found.get("recipient", ""))
            recipient = recipient or self.credentials.get("own_number") or ""
            if not recipient:
                raise WebhookError("The message names no recipient; enter the Own number.")
            when = found.get("time", "")
            yield Inbound(
                self.number(found["sender"]),
                recipient,
                found["text"],
                provider_id=found.get("id", ""),
                sent_at=moment(when, zone=self.zone) or unix(when),
                name=found.get("name", ""),
            )

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        reference = reference_of(request)
        for entry in self.entries(request):
            if reference or not is_message(entry, self.table("received")):
                yield from self.reports(entry, reference=reference)

    def reports(self, entry: Any, own_id: str = "", reference: str = "") -> Iterable[Report]:
        """What an entry says became of a message; nothing if its word is not known.

        Raises WebhookError if it is no report.
        """
        found = {o: _tree.first(entry, theirs) for o, theirs in self.table("reported").items()}
        own_id = own_id or found.get("id", "")
        reference = reference or found.get("reference", "")
        word, when = found.get("status", ""), found.get("time", "")
        if not word or not (reference or own_id):
            raise WebhookError(
                "Neither a message nor a report can be read from it; compare the names of fields "
                "in the channel."
            )
        if status := REPORTS.get(self.meaning(word)):
            said = f"{self.name}: {found.get('reason') or 'not delivered'} ({word})."
            at = moment(when, zone=self.zone) or unix(when)
            yield Report(status, own_id, reference, said if status == FAILED else "", at)

    def entries(self, request: WebhookRequest) -> Iterator[Any]:
        """Each message or report of the request."""
        if request.body.lstrip()[:1] == b"[":
            yield from request.items
        elif found := told(request):
            yield found

    def table(self, name: str) -> dict[str, str]:
        """The lines that the channel has, before the defaults for what they leave out."""
        own = dict(pairs(self.credentials.get(name) or ""))
        return own | {n: each for n, each in getattr(self, name).items() if n not in own}

    def meaning(self, word: str) -> str:
        """Our word for theirs; "" if it is not known."""
        known = {theirs.lower(): ours for theirs, ours in self.table("report_words").items()}
        return known.get(word.lower(), "")

    def number(self, text: str) -> str:
        """A received number as E.164."""
        return e164(text)


def reference_of(request: WebhookRequest) -> str:
    """Our reference, if the request came to the address for reports of one message."""
    kind, _, reference = request.tail.partition("/")
    return reference if kind == "dlr" and reference.isascii() and reference.isalnum() else ""


def is_message(entry: Any, names: Mapping[str, str]) -> bool:
    """Whether it has a sender, and a text even if that is empty."""
    paths = names["text"].split("|")
    has_text = any(True for path in paths for _ in _tree.branches(entry, path.strip()))
    return has_text and bool(_tree.first(entry, names["sender"]))


def received(default: Mapping[str, str]) -> forms.CharField:
    """The field for the names in received messages."""
    said = "One a line: our name, =, the provider's name; alternatives have | between. Our names"
    said += " are sender, recipient, text, id, time and name."
    return _lines("Fields of received messages", said, default, named(*RECEIVED[1:]))


def reported(default: Mapping[str, str]) -> forms.CharField:
    """The field for the names in delivery reports."""
    said = "The same with id, reference (our own id), status, reason and time."
    return _lines("Fields of delivery reports", said, default, named(*REPORTED[1:]))


def report_words(default: Mapping[str, str]) -> forms.CharField:
    """The field for the words of delivery reports."""
    said = "One a line: the provider's word, =, and sent, delivered, failed, read or nothing."
    return _lines("Words of delivery reports", said, default, words)


def _lines(label: str, said: str, default: Mapping[str, str], judge: Any) -> forms.CharField:
    shown = ", ".join(f"{left} = {right}" for left, right in default.items())
    return forms.CharField(
        label=label,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[judge],
        help_text=f"{said} Only what differs from: {shown}",
    )
