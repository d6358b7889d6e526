"""E-mail: a mailbox of one's own, read by IMAP, answered by SMTP or a mail service.

All that goes on is in ``providers/links/mail``; this file is what an administrator fills in.
"""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ..base import MediaRules, Provider, Secret
from ..links.base import Link
from ..links.mail import SERVICES, MailLink, Settings
from ._host import check_host

SECURITY = [("tls", "TLS"), ("starttls", "STARTTLS"), ("none", "None (not encrypted)")]
HOST: dict[str, Any] = {"validators": [check_host]}
PORT: dict[str, Any] = {"min_value": 1, "max_value": 65_535, "required": False}
OURS = r"[a-z0-9._%+'&=-]+@[a-z0-9-]+(\.[a-z0-9-]+)+"


class Adapter(Provider):
    name = "E-mail"
    network = "email"
    linked = True
    api_address_help = "Of the mail service, if it is not its usual one; Postal always needs it."
    own_address = OURS
    own_address_help = "Enter an e-mail address in small letters, like support@example.com."
    media = MediaRules(18_000_000, max_files=20, inline=True)  # 25 MB with the mail's encoding
    default_rate = 1.0
    default_in_flight = 4
    setup = """1. Make a mailbox for this channel. Parley leaves the mails where they are, and \
remembers how far it has read.
2. If your mail provider asks for it, allow IMAP for the mailbox, and make an app password.
3. Fill in the servers here. Under Numbers, add each address whose mails come into this mailbox.
4. Let the domain's SPF and DKIM records allow the server or service that sends."""

    class Credentials(forms.Form):
        address = forms.EmailField(
            label="Address of the mailbox",
            help_text="Gets the mails that name no other address of this channel.",
        )
        user = forms.CharField(
            label="User name", required=False, help_text="Empty: the address of the mailbox."
        )
        password = Secret(label="Password", strip=False)
        imap_host = forms.CharField(label="IMAP server", **HOST)
        imap_security = forms.ChoiceField(
            label="Encryption of IMAP", choices=SECURITY, required=False, help_text="Mostly TLS."
        )
        imap_port = forms.IntegerField(
            label="Port of IMAP", help_text="Empty: 993, or 143 without TLS.", **PORT
        )
        folder = forms.CharField(label="Folder", required=False, help_text="Empty: INBOX.")
        service = forms.ChoiceField(
            label="Sends by",
            choices=[("smtp", "SMTP"), *((slug, each[0]) for slug, each in SERVICES.items())],
            required=False,
        )
        smtp_host = forms.CharField(
            label="SMTP server",
            required=False,
            help_text="Empty: the IMAP server. For SMTP only.",
            **HOST,
        )
        smtp_security = forms.ChoiceField(
            label="Encryption of SMTP",
            choices=[SECURITY[1], SECURITY[0], SECURITY[2]],
            required=False,
        )
        smtp_port = forms.IntegerField(
            label="Port of SMTP", help_text="Empty: 587, 465 with TLS, 25 without.", **PORT
        )
        smtp_user = forms.CharField(
            label="User name for SMTP", required=False, help_text="Empty: as for IMAP."
        )
        smtp_password = Secret(
            label="Password for SMTP", required=False, strip=False, help_text="Empty: as for IMAP."
        )
        api_key = Secret(
            label="API key", required=False, help_text="For a mail service instead of SMTP."
        )
        second_key = Secret(
            label="Second key", required=False, help_text="Mailjet: secret key. Scaleway: project."
        )
        from_name = forms.CharField(
            label="Name of the sender", required=False, help_text="Shown beside the address."
        )
        subject = forms.CharField(
            label="Subject of new mails",
            required=False,
            help_text="Answers keep theirs. A text that begins with a line like "
            '"Subject: Your order" has its own. Empty: Message.',
        )

        def clean_from_name(self) -> str:
            return str(self.cleaned_data["from_name"]).strip()

        def clean(self) -> dict[str, Any]:
            found = super().clean() or self.cleaned_data
            service = found.get("service") or "smtp"
            if service == "smtp":
                found["smtp_host"] = found.get("smtp_host") or found.get("imap_host")
            elif not found.get("api_key"):
                self.add_error("api_key", f"{SERVICES[service][0]} needs its API key.")
            return found

    @classmethod
    def customer_address(cls, typed: str) -> str:
        address = re.sub(r"^.*<(.*)>$", r"\1", typed.strip()).strip().lower()
        try:
            validate_email(address)
        except ValidationError:
            raise ValueError(f"{typed.strip()!r} is not an e-mail address.") from None
        return address

    def link(self) -> Link:
        return MailLink(Settings.of(self.credentials, self.api_address))
