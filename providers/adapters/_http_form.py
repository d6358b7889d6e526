"""What an administrator tells about a plain HTTP API: the form of the HTTP profile."""

from __future__ import annotations

from typing import Any

from django import forms

from ..base import Secret
from ._http_checks import RECEIVED, REPORTED, judged, named, words, zone
from ._http_sending import CHARSETS, Sending, lines, need
from ._rules import condition, pairs


class Receiving(forms.Form):
    """How messages and reports come."""

    received = forms.CharField(
        label="Received messages",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-heading": "Receiving"}),
        validators=[named(*RECEIVED)],
        help_text="One a line: our name, =, and the provider's name or path. Our names are "
        "sender, recipient, text, id (by which repetitions are known), time, name, and list (where "
        "several come at once). Alternatives have | between: sender = from | msisdn",
    )
    own_number = forms.CharField(
        label="Own number",
        required=False,
        help_text="For received messages that do not name one of ours.",
    )
    reports = forms.CharField(
        label="Delivery reports",
        required=False,
        widget=lines(4),
        validators=[named(*REPORTED)],
        help_text="The same with id or reference (our {id}), status, reason, time, list. Empty: "
        "none come.",
    )
    report_words = forms.CharField(
        label="Words of reports",
        required=False,
        widget=lines(5),
        validators=[words],
        help_text="One a line: the provider's word, =, and sent, delivered, failed, read or "
        "nothing.",
        initial="DELIVRD = delivered\nDELIVERED = delivered\nSENT = sent\nACCEPTD = sent\n"
        "UNDELIV = failed\nREJECTD = failed\nEXPIRED = failed\nFAILED = failed",
    )
    report_when = forms.CharField(
        label="It is a report if",
        required=False,
        validators=[judged(condition)],
        help_text="A rule like field type = dlr. Empty: if it has the status of a report.",
    )
    time_zone = forms.CharField(
        label="Time zone of times without one",
        required=False,
        validators=[zone],
        help_text="Like Europe/Warsaw. Empty: UTC.",
    )
    received_charset = forms.ChoiceField(
        label="Charset of what is received",
        required=False,
        choices=[("", "As the request says, else utf-8"), *CHARSETS[1:-1]],
    )
    signature = forms.ChoiceField(
        label="The provider proves itself by",
        required=False,
        widget=forms.Select(attrs={"data-heading": "Who may call, and our answer"}),
        choices=[
            ("", "the secret webhook address alone"),
            *((f"hmac-{n}", f"HMAC-{n.upper()} of the body") for n in ("sha256", "sha1", "md5")),
            ("hmac-sha512", "HMAC-SHA512 of the body"),
            ("field", "a field with a shared secret"),
            ("header", "a header with a shared secret"),
            ("basic", "HTTP Basic"),
        ],
    )
    signature_name = forms.CharField(
        label="Name of that header or field, or the user name of HTTP Basic", required=False
    )
    signature_secret = Secret(label="The shared secret", required=False)
    reply = forms.CharField(
        label="Answer",
        required=False,
        widget=lines(2),
        initial="OK",
        help_text="What the provider wants to read once a request is stored.",
    )
    reply_type = forms.ChoiceField(
        label="Type of the answer",
        required=False,
        choices=[
            (kind, kind)
            for kind in ("text/plain", "application/json", "application/xml", "text/html")
        ],
    )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("signature"):
            need(self, "signature_name", "Enter the name.")
            need(self, "signature_secret", "Enter the secret that the provider uses.")
        self._lines("received", "sender", "text")
        if self._lines("reports", "status").isdisjoint({"id", "reference", ""}):
            self.add_error("reports", "A line for id or for reference is missing.")
        return found

    def _lines(self, field: str, *names: str) -> set[str]:
        """The names that a list has; says which of those needed it lacks."""
        listed = {name for name, _ in pairs(self.cleaned_data.get(field) or "")} or {""}
        if missing := [name for name in names if name not in listed and "" not in listed]:
            self.add_error(field, f"A line for {' and '.join(missing)} is missing.")
        return listed


class HttpForm(Receiving, Sending):  # Django shows the last one's fields first
    """All of it."""
