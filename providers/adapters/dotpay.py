"""Dotpay.pl (historical): premium texts that customers send to a short number.

What Dotpay sends us is known; how texts were sent through it is not, so that is described in the
form, as in the HTTP profile.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from django import forms

from ..base import Inbound, Reply, Secret, Talk, WebhookRequest
from ..errors import Unavailable, WebhookError
from ..reading import e164, field_of, moment
from . import _params
from ._http_sending import Sending
from .http import Adapter as HttpProfile

SIGNED = ("ident", "service", "number", "sender", "code", "date", "fulltext")
CHECK_AT = "https://ssl.dotpay.pl/check_code.php"
POLAND = ZoneInfo("Europe/Warsaw")


class Account(forms.Form):
    account_id = forms.CharField(label="Client id", help_text="The number of your Dotpay account.")
    pin = Secret(label="PIN", required=False, help_text="From the panel; it may be empty there.")
    service = forms.CharField(
        label="Service", required=False, help_text="What customers write behind AP."
    )
    code_address = forms.URLField(
        label="Address for checking codes",
        required=False,
        assume_scheme="https",
        help_text=f"Empty: {CHECK_AT}",
    )


class Adapter(HttpProfile):
    name = "Dotpay.pl (premium SMS)"
    has_reports = False
    own_address = r"\+?[0-9]{3,15}"
    own_address_help = "Enter the premium number as customers dial it, like 7355."
    setup = """1. In the Dotpay panel, have the content of premium texts passed on to this \
address; for MMS add /mms to it:
{webhook_url}
2. Copy the client id and the PIN from the panel into the fields here.
3. Under Allowed addresses you may enter those Dotpay was known to call from:
195.150.9.37 91.216.191.181 91.216.191.182 91.216.191.183 91.216.191.184 91.216.191.185
4. How texts are sent through Dotpay is not public: enter address, fields and answers from \
your papers. Until then nothing can be sent."""

    class Credentials(Sending, Account):
        pass

    def check_code(self, code: str) -> Talk[int]:
        """For how many more seconds a customer's code is good; 0 if it is not. It is kept."""
        asked = {"id": self.told("account_id"), "code": self.told("service"), "check": code}
        url = self.told("code_address") or CHECK_AT
        answer = yield self.call(
            "POST", url, form={**asked, "type": "sms", "del": "0"}, sends=False
        )
        good, *rest = answer.text.split()
        if good not in ("0", "1"):
            raise ValueError("neither 0 nor 1")
        return int(rest[0]) if good == "1" else 0

    def check_credentials(self) -> Talk[None]:
        if self.told("check_url"):
            return (yield from super().check_credentials())
        yield from self.check_code("00000000")
        raise Unavailable(
            "Dotpay answers, but that proves neither client id nor PIN: the first text that "
            "arrives does."
        )

    def verify_webhook(self, request: WebhookRequest) -> None:
        fields = dict(parse_qsl(request.body.decode("latin-1"), True, encoding="latin-1"))
        if request.tail == "mms" and "md5" not in fields:
            return  # no paper says that those are signed; the secret address protects them
        said = "".join(fields.get(name, "") for name in SIGNED)
        who = (self.told("account_id") + self.told("pin")).encode()
        wanted = hashlib.md5(who + said.encode("latin-1"), usedforsecurity=False).hexdigest()
        given = fields.get("md5", "").lower().encode(errors="replace")
        if not hmac.compare_digest(wanted.encode(), given):
            raise WebhookError("md5 is missing or wrong; compare the client id and the PIN.")

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        told = _params.told(request, spare="iso-8859-2")
        sender, recipient = field_of(told, "sender"), field_of(told, "number")
        if not sender or not recipient:
            raise WebhookError("The sender or the number is missing.")
        ident, date = field_of(told, "ident"), field_of(told, "date")
        yield Inbound(
            e164(sender),
            recipient,
            field_of(told, "fulltext", "text"),
            provider_id=f"{ident} {date}".strip() if ident else "",
            media=_params.uploads(request),
            sent_at=self.time(date),
        )

    def time(self, text: str) -> datetime | None:
        return moment(text, zone=POLAND)  # its form is not public

    def answer(self, request: WebhookRequest) -> Reply:
        return Reply()
