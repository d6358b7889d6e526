"""Messages and people in the words of Yeastar's Open API."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from .. import files
from ..models import Attachment, Customer, Extension, Handover, Message
from ..models.windows import Window

AGENT, PLATFORM = 1, 9
#: Kinds of customers by their network; of networks that the API does not know, 2 as for SMS.
USER_TYPES = {Customer.PHONE: 2, "whatsapp": 3, "messenger": 4, "livechat": 5}
#: What its lists call a channel; others keep the provider's name.
TYPES = {"whatsapp": "whatsapp", "messenger": "facebook"}
#: msg_type of our system lines. Notes and the like are told to nobody outside.
LINES = {"transferred": 1, "closed": 2, "auto_closed": 3, "picked_up": 5}
TO_QUEUE, UNSUPPORTED = 6, 4
SENDING, SUCCEEDED, FAILED = 0, 1, 2
STATUSES = {
    Message.QUEUED: SENDING,
    Message.SENDING: SENDING,
    Message.FAILED: FAILED,
    Message.UNKNOWN: FAILED,
}
ERRORS = {Message.FAILED: "send_fail", Message.UNKNOWN: "unknown_error"}
#: What a query for ``record`` must bring along.
RELATED = ("author", "errand__door", "handover", "session__customer", "session__platform")


def channel_type(provider: str, network: str) -> str:
    """sms, whatsapp or facebook; for other networks the provider's own name."""
    return "sms" if network == Customer.PHONE else TYPES.get(provider, provider)


def customer(found: Customer) -> dict[str, Any]:
    return _person(0, found.address, USER_TYPES.get(found.network, 2), found.name)


def agent(extension: Extension) -> dict[str, Any]:
    return _person(extension.pk, extension.number, AGENT, extension.name)


def platform(name: str) -> dict[str, Any]:
    return _person(0, "api", PLATFORM, name)


def _person(pk: int, number: str, kind: int, name: str) -> dict[str, Any]:
    return {"user_id": pk, "user_no": number, "user_type": kind, "avatar": "", "username": name}


def sender(message: Message) -> dict[str, Any]:
    """Who wrote a message: the customer, an agent, or a system at one of our doors."""
    if message.direction == Message.IN:
        return customer(message.session.customer)
    if message.author:
        return agent(message.author)
    errand = getattr(message, "errand", None)
    name = errand.door.name if errand else str(message.session.platform or "")
    return platform(name)


def record(message: Message, status: str = "") -> dict[str, Any]:
    """A Msg_Record. ``status``: as it was then, where a later one is known meanwhile."""
    status = status or message.status
    sent = message.provider_at or message.sent_at or message.created_at
    line = message.direction == Message.SYSTEM
    return {
        "session_id": message.session_id,
        "msg_id": message.pk,
        "delivery_status": STATUSES.get(status, SUCCEEDED),
        "sender": sender(message),
        "msg_kind": 1 if message.template else 0,
        "msg_type": _type(message),
        "msg_body": message.text,
        "msg_files": "" if line else json.dumps([file_info(f) for f in message.attachments.all()]),
        "send_time": int(sent.timestamp()),
        "receive_time": int(message.created_at.timestamp()),
        "param": _param(message),
        "send_error": ERRORS.get(status, ""),
        "send_error_msg": message.reason if status in ERRORS else "",
        "tag": "",
        "whatsapp_msg_param": json.dumps(message.template) if message.template else "",
    }


def _type(message: Message) -> int:
    if message.direction == Message.SYSTEM:
        handover = getattr(message, "handover", None)
        to_queue = handover is not None and handover.kind == Handover.QUEUE
        return TO_QUEUE if to_queue else LINES.get(message.event, 0)
    return 0 if message.text or message.has_files else UNSUPPORTED


def _param(message: Message) -> str:
    handover = getattr(message, "handover", None)
    if handover is None:
        return ""
    told = {
        "destination_type": handover.kind,
        "destination_id": handover.destination,
        "destination_name": handover.name,
    }
    return json.dumps(told, ensure_ascii=False)


def file_info(attachment: Attachment) -> dict[str, Any]:
    """A File_Info; ``uri`` is a link that expires, "" for a file that could not be had."""
    kept = attachment.state == Attachment.KEPT
    return {
        "id": str(attachment.pk),
        "name": attachment.name,
        "uri": files.link(attachment) if kept else "",
        "type": attachment.content_type,
        "size": attachment.size,
    }


def expire(window: Window | None) -> int:
    """The seconds in which free texts may be written: -1 without limit, 0 if they are over."""
    if window is None:
        return -1
    if window.closes_at is None:
        return 0
    return max(0, int((window.closes_at - timezone.now()).total_seconds()))
