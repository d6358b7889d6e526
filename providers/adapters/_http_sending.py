"""How messages are sent: the first half of the HTTP profile's form."""

from __future__ import annotations

from typing import Any

from django import forms

from ..base import Secret
from ._http_checks import (
    check_address,
    errors,
    headers,
    judged,
    sent,
    template,
)
from ._letters import switch
from ._rules import condition, place

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


def lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def below(heading: str) -> forms.TextInput:
    """The widget of a field that begins a part of the form."""
    return forms.TextInput(attrs={"data-heading": heading})


def need(form: forms.Form, field: str, why: str) -> None:
    """Say so at the field if it is empty, unless something is wrong with it already."""
    if not form.cleaned_data.get(field) and not form.has_error(field):
        form.add_error(field, why)


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
        widget=below("Sending"),
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
        widget=lines(6),
        validators=[sent],
        help_text="One a line: the provider's name for it, =, and what to send. {to}, {from}, "
        "{text}, {login}, {password}, {id} (our reference) and {callback} (our webhook address) "
        "are filled in; everything else is sent as it stands. In JSON, dots nest: "
        "messages.0.to = {to}",
    )
    xml = forms.CharField(
        label="XML to send",
        required=False,
        widget=lines(6),
        validators=[template],
        help_text="The whole document, with the same words in braces.",
    )
    headers = forms.CharField(
        label="Further headers",
        required=False,
        widget=lines(2),
        validators=[headers],
        help_text="One a line, like Accept: application/json",
    )
    charset = forms.ChoiceField(label="Charset of sent texts", required=False, choices=CHARSETS)
    plain_letters = switch()
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
        regex=r"\A[1-9][0-9]{0,2}\Z",
        label="Country code",
        required=False,
        help_text="Digits like 48: the country of numbers that are written without one.",
        error_messages={"invalid": "Write the digits only, like 48."},
    )
    success = forms.CharField(
        label="It was sent if",
        required=False,
        widget=below("What its answers mean"),
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
        widget=lines(5),
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
        widget=below("Checking"),
        validators=[check_address],
        help_text="One that sends nothing, such as the balance. Without one, only a message can "
        "show whether the settings are right.",
    )
    check_fields = forms.CharField(
        label="Fields for checking", required=False, widget=lines(2), validators=[sent]
    )
    check_success = forms.CharField(
        label="The login is right if",
        required=False,
        validators=[judged(condition)],
        help_text="A rule as above. Empty: status 200-299.",
    )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("send_url"):
            content = "xml" if found.get("body") == "xml" else "fields_sent"
            need(self, content, "Say what is to be sent.")
            need(self, "success", "Say how an answer looks when the message was sent.")
            said = found.get(content, "") + found["send_url"]
            for word, what in (("{to}", "{to}, the recipient's number,"), ("{text}", "{text}")):
                if word not in said and not self.has_error(content):
                    self.add_error(content, f"Nothing says where {what} goes.")
        if found.get("check_success"):
            need(self, "check_url", "Enter the address for checking, or empty the rule.")
        if found.get("auth") == "header":
            need(self, "auth_header", "Enter the header's name.")
        if found.get("auth"):
            need(self, "password", "This authentication needs it.")
        if found.get("number_format") == "national":
            need(self, "country_code", "Enter the country of numbers without a code.")
        return found
