"""How Ozeki's scripts are told: IncomingSMS to the door's address, SMSDeliveryReport to the one
that came with the message.

The pages on these notifications name no fields beyond NotificationName; the others, and the words
of Status, are ours, after the parameters of SendSms.
"""

from __future__ import annotations

from providers.base import Call

from ..models import Message, PlatformEvent
from .naming import public_id

STATUSES = {
    Message.SENT: "Sent",
    Message.DELIVERED: "Delivered",
    Message.READ: "Read",
    Message.FAILED: "Failed",
    Message.UNKNOWN: "Unknown",
}


def call(event: PlatformEvent) -> Call:
    """The POST of form fields, the notification's name first."""
    message = event.message
    assert message is not None  # only messages lead to a door's receiver
    status = (event.content or {}).get("status", "")
    fields = {
        "NotificationName": "SMSDeliveryReport" if status else "IncomingSMS",
        "ApiExtension": event.platform.door.extension,
        "SmsId": str(public_id(message)),
        "Sender": message.sender,
        "Recipient": message.recipient if status else event.session.number.value,
    }
    if status:
        fields["Status"] = STATUSES.get(status, status)
    else:
        fields["Message"] = message.text
    return Call("POST", event.url or event.platform.url, form=fields)
