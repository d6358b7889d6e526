"""Peoplefone: text messages by its SMS API.

Longer than most, as the vendor publishes neither the bodies of its answers nor those of its calls
to us. So an id is looked for where others have theirs, each message gets an address for reports
with our reference in it, and every name of what comes is a field of the channel (see
``_named.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from django import forms

from ..base import Answer, Outbound, Report, Secret, Talk
from ..errors import BadCredentials, ProviderError, Rejected
from ..reading import field_of
from . import _named, _tree
from ._params import own_number
from ._proof import probe

ID_AT = "messageId | id | messages.0.messageId | messages.0.id | 0.messageId | 0.id"
RECEIVED = {
    "sender": "from | sender | originator | source",
    "recipient": "to | recipient | destination",
    "text": "text | message | body | content",
    "id": "messageId | id",
}
REPORTED = {"id": "messageId | id", "status": "status | state | deliveryStatus"}
# Parts of words, the first that fits: "undelivered" holds "deliv" as well.
WORDS = {
    **dict.fromkeys(("fail", "undeliv", "reject", "expir"), "failed"),
    "deliv": "delivered",
    **dict.fromkeys(("sent", "accept", "queue", "pending", "schedul"), "sent"),
}
AT_ONCE = 50  # questions about deliveries in one round


class Adapter(_named.NamedWebhooks):
    name = "Peoplefone"
    default_api_address = "https://api.peoplefone.com/customer/sms/v1"
    alphanumeric_sender = True
    polls = True
    default_rate = 5.0
    unreadable_status = 200  # another answer might end the subscription, as in a sister API
    received, reported, report_words = RECEIVED, REPORTED, WORDS
    setup = """1. In the customer portal, under API configuration, add the SMS service.
2. As the SMS status callback URL and as the SMS MT callback URL (received messages), enter:
{webhook_url}
3. Copy the API key, which is shown only once, into the field here.
4. If the API has an IP allow list, add this server's address to it."""

    class Credentials(forms.Form):
        api_key = Secret(label="API key")
        sender_field = forms.CharField(
            label="Name of the sender's field",
            required=False,
            help_text="Empty: none is sent, and the sender is that of the service. Peoplefone does "
            "not publish the name; likely ones are from, originator and sender.",
        )
        without_plus = forms.BooleanField(
            label="Write numbers without the plus sign", required=False
        )
        schedule = forms.BooleanField(
            label="Send 10 seconds later",
            required=False,
            help_text="Names a time for sending. Only if messages without one are refused.",
        )
        validity = forms.IntegerField(
            label="Validity (seconds)",
            required=False,
            min_value=1,
            help_text="How long delivery is tried. Empty: 14400, four hours.",
        )
        status_path = forms.CharField(
            label="Path for asking for reports",
            required=False,
            help_text="Like /sms/status/{id}. Not confirmed by the vendor, so empty: Parley waits "
            "for reports and does not ask.",
        )
        own_number = own_number()
        received = _named.received(RECEIVED)
        reported = _named.reported(REPORTED)
        report_words = _named.report_words(WORDS)

    def send(self, message: Outbound) -> Talk[str]:
        fields: dict[str, Any] = {"to": [self.written(message.recipient)], "text": message.text}
        if self.credentials.get("schedule"):
            soon = datetime.now(UTC) + timedelta(seconds=10)
            fields["scheduledDeliveryTime"] = soon.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        fields["validityPeriod"] = self.credentials.get("validity") or 14400
        if message.webhook_url:
            fields["callbackUrl"] = f"{message.webhook_url}/dlr/{message.reference}"
        if name := self.credentials.get("sender_field"):
            fields[name] = self.written(message.sender)
        answer = yield self.call("POST", "/sms/messages", json=fields, headers=self.key)
        return _tree.first(answer.json() if answer.body.strip() else {}, ID_AT)

    def check_credentials(self) -> Talk[None]:
        yield probe(self, "/sms/messages", self.key)

    def poll(self, waiting: tuple[str, ...]) -> Talk[list[Report]]:
        path = self.credentials.get("status_path") or ""
        found: list[Report] = []
        for own_id in waiting[:AT_ONCE] if "{id}" in path else ():
            address = path.replace("{id}", quote(own_id, safe=""))
            try:
                answer = yield self.call("GET", address, headers=self.key, sends=False)
            except Rejected:
                continue  # it does not know this one
            found += self.reports(answer.json(), own_id)
        return found

    def written(self, number: str) -> str:
        return number.removeprefix("+") if self.credentials.get("without_plus") else number

    @property
    def key(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.credentials['api_key']}"}

    def error(self, answer: Answer) -> ProviderError | None:
        if answer.status in (401, 403):
            said = "wrong API key, or this server's address is not in its IP allow list"
            return BadCredentials(f"Peoplefone: {said} ({self.reason(answer)}).")
        return super().error(answer)

    def reason(self, answer: Answer) -> str:
        said = field_of(answer.fields, "message", "error", "detail", "title")
        return f"HTTP {answer.status} {said}" if said else super().reason(answer)

    def meaning(self, word: str) -> str:
        known = self.table("report_words").items()
        return next((ours for part, ours in known if part.lower() in word.lower()), "")
