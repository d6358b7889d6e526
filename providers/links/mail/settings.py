"""What a mail channel's form holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMTP = "smtp"
TLS, STARTTLS, PLAIN = "tls", "starttls", "none"

#: Mail services that django-anymail knows: name, and what it calls the key (and a second one).
SERVICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "brevo": ("Brevo", ("api_key",)),
    "mailersend": ("MailerSend", ("api_token",)),
    "mailgun": ("Mailgun", ("api_key",)),
    "mailjet": ("Mailjet", ("api_key", "secret_key")),
    "mailtrap": ("Mailtrap", ("api_token",)),
    "mandrill": ("Mandrill", ("api_key",)),
    "postal": ("Postal", ("api_key",)),
    "postmark": ("Postmark", ("server_token",)),
    "resend": ("Resend", ("api_key",)),
    "scaleway": ("Scaleway TEM", ("secret_key", "project_id")),
    "sparkpost": ("SparkPost", ("api_key",)),
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect, how, and as whom."""

    host: str
    port: int
    security: str
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Settings:
    address: str
    imap: Server
    folder: str
    service: str
    smtp: Server
    keys: tuple[str, ...]
    api_address: str
    from_name: str
    subject: str

    @classmethod
    def of(cls, given: Mapping[str, Any], api_address: str = "") -> Settings:
        """From the channel's credentials; what is not there has the default the form names."""

        def text(name: str) -> str:
            return str(given.get(name) or "")

        user, password = text("user") or text("address"), text("password")
        return cls(
            address=text("address").strip().lower(),
            imap=_server("imap", given, {TLS: 993, STARTTLS: 143, PLAIN: 143}, user, password),
            folder=text("folder") or "INBOX",
            service=text("service") or SMTP,
            smtp=_server(
                "smtp",
                given,
                {TLS: 465, STARTTLS: 587, PLAIN: 25},
                text("smtp_user") or user,
                text("smtp_password") or password,
            ),
            keys=(text("api_key"), text("second_key")),
            api_address=api_address,
            from_name=text("from_name"),
            subject=text("subject") or "Message",
        )


def _server(
    kind: str, given: Mapping[str, Any], ports: dict[str, int], user: str, password: str
) -> Server:
    security = str(given.get(f"{kind}_security") or (TLS if kind == "imap" else STARTTLS))
    port = int(given.get(f"{kind}_port") or ports[security])
    return Server(str(given.get(f"{kind}_host") or ""), port, security, user, password)
