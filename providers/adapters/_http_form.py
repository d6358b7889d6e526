"""What an administrator tells about a plain HTTP API: the form of the HTTP profile."""

from __future__ import annotations

from typing import Any

from django import forms

from ..base import Secret
from ._http_checks import (
    RECEIVED,
    REPORTED,
    check_address,
    errors,
    headers,
    judged,
    named,
    sent,
    template,
    words,
    zone,
)
from ._rules import condition, pairs, place

CHARSETS = [
    (name, name)
    for name in (
        "utf-8",
        "windows-1250",
        "windows-1252",
        "iso-8859-1",
        "iso-8859-2",
        "iso-8859-15",
        "ascii",
    )
]


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class Sending(forms.Form):
    """How messages are sent."""

    login = forms.CharField(label="Login", required=False, help_text="For {login} below.")
    password = Secret(label="Password or API key", required=False, help_text="For {password}.")
    password_as = forms.ChoiceField(
        label="The password is sent",
        required=False,
        choices=[("", "as it is"), *((n, f"as {n.upper()}") for n in ("md5", "sha1", "sha256"))],
    )
    auth = forms.ChoiceField(
        label="Authentication",
        required=False,
        choices=[
            ("", "None, or among the fields"),
            ("basic", "HTTP Basic: login and password"),
            ("bearer", "Authorization: Bearer with the password"),
            ("header", "A header of its own with the password"),
        ],
    )
    auth_header = forms.CharField(
        label="Name of that header", required=False, help_text="Like X-API-Key."
    )
    send_url = forms.CharField(
        label="Address for sending",
        required=False,
        validators=[check_address],
        help_text="Or a path under the API address. Without one, nothing can be sent. Choose "
        "https: over http anybody on the way can read the password.",
    )
    method = forms.ChoiceField(
        label="Method", required=False, choices=[(m, m) for m in ("POST", "GET", "PUT")]
    )
    body = forms.ChoiceField(
        label="The fields travel",
        required=False,
        choices=[
            ("form", "as a form"),
            ("json", "as JSON"),
            ("query", "in the address (query)"),
            ("xml", "in the XML below"),
        ],
    )
    fields_sent = forms.CharField(
        label="Fields",
        required=False,
        widget=_lines(6),
        validators=[sent],
        help_text="One a line: the provider's name for it, =, and what to send. {to}, {from}, "
        "{text}, {login}, {password}, {id} (our reference) and {callback} (our webhook address) "
        "are filled in; everything else is sent as it stands. In JSON, dots nest: "
        "messages.0.to = {to}",
    )
    xml = forms.CharField(
        label="XML to send",
        required=False,
        widget=_lines(6),
        validators=[template],
        help_text="The whole document, with the same words in braces.",
    )
    headers = forms.CharField(
        label="Further headers",
        required=False,
        widget=_lines(2),
        validators=[headers],
        help_text="One a line, like Accept: application/json",
    )
    charset = forms.ChoiceField(label="Charset of sent texts", required=False, choices=CHARSETS)
    plain_letters = forms.BooleanField(
        label="Send letters without accents", required=False, help_text="ż becomes z, é becomes e."
    )
    number_format = forms.ChoiceField(
        label="Numbers are written",
        required=False,
        choices=[
            ("plus", "+48501234567"),
            ("bare", "48501234567"),
            ("zeros", "0048501234567"),
            ("national", "501234567 (abroad 00...)"),
        ],
    )
    country_code = forms.RegexField(
        regex=r"[1-9][0-9]{0,2}",
        label="Country code",
        required=False,
        help_text="Digits like 48: the country of numbers that are written without one.",
        error_messages={"invalid": "Write the digits only, like 48."},
    )
    success = forms.CharField(
        label="It was sent if",
        required=False,
        validators=[judged(condition)],
        help_text="status 200-299, or: text OK, or: field result.code = 0 | 1, or: field id, or: "
        "regex ^OK. Fields are found in JSON and XML.",
    )
    id_at = forms.CharField(
        label="The message's id is at",
        required=False,
        validators=[judged(place)],
        help_text="field data.id, or: regex ^OK: ([0-9]+), or: line 2, or: header Location. Empty: "
        "there is none; reports may then name our {id}.",
    )
    errors_sorted = forms.CharField(
        label="Refusals",
        required=False,
        widget=_lines(5),
        validators=[errors],
        help_text="One a line, the first that fits counts, before the rule for success: an "
        "outcome, a colon, and a rule as above, like: credentials: text ERR 101. Outcomes: "
        "credentials and credit (the channel turns red), number, sender, opted-out, refused "
        "(this message fails), throttled and temporary (nothing was sent; tried again), unknown "
        "(nobody knows; never repeated). An answer that no rule fits counts as unknown.",
    )
    reason_at = forms.CharField(
        label="Its words for a refusal are at",
        required=False,
        validators=[judged(place)],
        help_text="Like the place of the id. Empty: the whole answer is shown.",
    )
    check_url = forms.CharField(
        label="Address for checking the login",
        required=False,
        validators=[check_address],
        help_text="One that sends nothing, such as the balance. Without one, only a message can "
        "show whether the settings are right.",
    )
    check_fields = forms.CharField(
        label="Fields for checking", required=False, widget=_lines(2), validators=[sent]
    )
    check_success = forms.CharField(
        label="The login is right if",
        required=False,
        validators=[judged(condition)],
        help_text="A rule as above. Empty: status 200-299.",
    )


class Receiving(forms.Form):
    """How messages and reports come."""

    received = forms.CharField(
        label="Received messages",
        required=False,
        widget=_lines(5),
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
        widget=_lines(4),
        validators=[named(*REPORTED)],
        help_text="The same with id or reference (our {id}), status, reason, time, list. Empty: "
        "none come.",
    )
    report_words = forms.CharField(
        label="Words of reports",
        required=False,
        widget=_lines(5),
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
        widget=_lines(2),
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


class HttpForm(Receiving, Sending):  # Django shows the last one's fields first
    """All of it, with what must go together."""

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        for field, why, needed in (
            ("success", "Say how an answer looks when the message was sent.", "send_url"),
            ("signature_secret", "Enter the secret that the provider uses.", "signature"),
            ("signature_name", "Enter the name.", "signature"),
            ("check_url", "Enter the address for checking, or empty these.", "check_success"),
        ):
            self._both(found, field, why, needed)
        if found.get("send_url"):
            content = "xml" if found.get("body") == "xml" else "fields_sent"
            self._need(found, content, "Say what is to be sent.")
            if "{to}" not in found.get(content, "") + found["send_url"]:
                self.add_error(content, "Nothing says where {to} goes, the recipient's number.")
            if "{text}" not in found.get(content, "") + found["send_url"]:
                self.add_error(content, "Nothing says where {text} goes.")
        if found.get("auth") == "header":
            self._need(found, "auth_header", "Enter the header's name.")
        if found.get("auth"):
            self._need(found, "password", "This authentication needs it.")
        if found.get("number_format") == "national":
            self._need(found, "country_code", "Enter the country of numbers without a code.")
        for field, names in (("received", ("sender", "text")), ("reports", ("status",))):
            listed = dict(pairs(found.get(field) or ""))
            if listed and (missing := [name for name in names if name not in listed]):
                self.add_error(field, f"A line for {' and '.join(missing)} is missing.")
        listed = dict(pairs(found.get("reports") or ""))
        if listed and not {"id", "reference"} & listed.keys():
            self.add_error("reports", "A line for id or for reference is missing.")
        return found

    def _both(self, found: dict[str, Any], field: str, why: str, needed: str) -> None:
        if found.get(needed):
            self._need(found, field, why)

    def _need(self, found: dict[str, Any], field: str, why: str) -> None:
        if field in self.fields and not found.get(field) and not self.has_error(field):
            self.add_error(field, why)
