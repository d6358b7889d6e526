"""The virtual phone: a provider inside Parley, to try things out without an account.

It reaches nobody. The page of the virtual phone plays the customer: it shows what was "sent", and
posts the customer's messages and the delivery reports to the channel's webhook. What a real
provider might do at a bad time, it does when told: hence it is longer than most.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from django import forms

from ..base import (
    DELIVERED,
    FAILED,
    READ,
    SENT,
    Inbound,
    Media,
    MediaRules,
    Outbound,
    Provider,
    Report,
    Talk,
    Wait,
    WebhookRequest,
)
from ..errors import Rejected, Throttled, Unavailable, Uncertain, WebhookError
from ..reading import field_of

BEHAVIOURS = [
    ("answers", "Takes every message"),
    ("refuses", "Refuses every message"),
    ("throttles", "Says that we send too fast"),
    ("silent", "Takes the message, then gives no answer"),
    ("slow", "Takes every message, after 5 seconds"),
    ("unreachable", "Cannot be reached"),
]
SLOW_SECONDS = 5.0
STATUSES = {"sent": SENT, "delivered": DELIVERED, "failed": FAILED, "read": READ}


class Adapter(Provider):
    name = "Sandbox (virtual phone)"
    alphanumeric_sender = True
    media = MediaRules(20_000_000, max_files=10, accompanying_text=True)
    virtual = True
    default_rate = 10.0
    setup = """1. Nothing to set up at a provider: give the channel a number, open the \
virtual phone, choose the number and write to it.
2. Programs may play the customer as well, by a POST of JSON to:
{webhook_url}"""

    class Credentials(forms.Form):
        behaviour = forms.ChoiceField(label="Behaviour", choices=BEHAVIOURS, required=False)
        delay = forms.FloatField(
            label="Delay (seconds)",
            required=False,
            min_value=0,
            max_value=60,
            help_text="How long it takes to answer.",
        )
        retry_after = forms.FloatField(
            label="Try again after (seconds)",
            required=False,
            min_value=0,
            max_value=3600,
            help_text="What it says when it is told to throttle.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        behaviour = self.credentials.get("behaviour") or "answers"
        delay = float(self.credentials.get("delay") or 0)
        if behaviour == "slow":
            delay = delay or SLOW_SECONDS
        if delay:
            yield Wait(delay)
        if behaviour == "refuses":
            raise Rejected("The virtual phone refuses the message, as it is told to.")
        if behaviour == "throttles":
            after = float(self.credentials.get("retry_after") or 1)
            raise Throttled("The virtual phone says that we send too fast.", after=after)
        if behaviour == "silent":
            raise Uncertain("The virtual phone gave no answer.")
        if behaviour == "unreachable":
            raise Unavailable("The virtual phone cannot be reached.")
        return f"sbx-{message.reference}"

    def check_credentials(self) -> Talk[None]:
        if self.credentials.get("behaviour") == "unreachable":
            raise Unavailable("The virtual phone cannot be reached.")
        yield Wait(0)

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = request.json
        if found.get("type") != "message":
            return
        sender, recipient = field_of(found, "from"), field_of(found, "to")
        if not sender or not recipient:
            raise WebhookError("The message lacks from or to.")
        listed = found.get("files")
        yield Inbound(
            sender,
            recipient,
            field_of(found, "text"),
            provider_id=field_of(found, "id"),
            media=tuple(self.file(each) for each in (listed if isinstance(listed, list) else ())),
        )

    def file(self, found: object) -> Media:
        name, kind = field_of(found, "name") or "file", field_of(found, "content_type")
        try:
            content = base64.b64decode(field_of(found, "data"), validate=True)
        except (binascii.Error, ValueError):
            raise WebhookError(f"The data of {name} are not base64.") from None
        return Media(content=content, name=name, content_type=kind, size=len(content))

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = request.json
        if found.get("type") != "status":
            return
        status, provider_id = STATUSES.get(field_of(found, "status")), field_of(found, "id")
        if not status or not provider_id:
            raise WebhookError("The report lacks its id, or its status is not a known one.")
        yield Report(status, provider_id, reason=field_of(found, "reason"))
