"""Ozeki's HTTP API: ``?command=SendSms``, answered in XML with HTTP 200, whatever became of it."""

from __future__ import annotations

import logging
import re
from xml.sax.saxutils import escape

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from channels_app.fields import normalise
from channels_app.models import Number
from providers.http import check_url

from .. import desk
from ..desk import outside
from ..desk.starting import address_of
from ..forwarding import public_id
from ..models import Door, Message
from . import allowance, forms, knocking

log = logging.getLogger(__name__)

OK = "Command successfully executed"
#: The texts as they are published, with their misspelling.
TEXTS = {
    300: "Error occured during parsing message: '{0}'",
    301: "Not implemented command: '{0}'",
    302: "Missing or invalid parameter '{0}' for command '{1}'",
    303: "Command '{0}' cannot be used here",
    304: "Authentication required",
    305: "Authentication failed",
    306: "Forbidden user",
    307: "Use API from this address is forbidden",
    401: "API extension '{0}' unavailable, please check configuration or permissions",
    501: "Destination of the SMS is not found",
}
SEND = "SendSms"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refusal(Exception):
    """An answer of the table: its code, and what its text names."""

    def __init__(self, code: int, *named: str) -> None:
        super().__init__(TEXTS[code].format(*named))
        self.code = code


def answer(request: HttpRequest, found: forms.Parameters) -> HttpResponse:
    """Do what the command says; the answer tells what became of it."""
    try:
        message = _command(request, found)
        return _xml(200, OK, f"<SmsId>{public_id(message)}</SmsId>")
    except Refusal as refused:
        return _xml(refused.code, str(refused))
    except Exception:
        log.exception("A request in Ozeki's words could not be served")
        return _xml(401, TEXTS[401].format(found["ApiExtension"]))


def unreadable(error: forms.Unreadable) -> HttpResponse:
    return _xml(300, TEXTS[300].format(error))


def _xml(code: int, text: str, more: str = "") -> HttpResponse:
    said = f"<Code>{code}</Code><Message>{clean(text)}</Message>{more}"
    return xml(f"<Response>{said}</Response>")


def clean(text: str) -> str:
    """The text for XML."""
    return escape(_NOT_XML.sub("", text))


def xml(body: str) -> HttpResponse:
    return HttpResponse(f'<?xml version="1.0"?>{body}', content_type="application/xml")


def _command(request: HttpRequest, found: forms.Parameters) -> Message:
    """Do what is asked; returns the message. Raises Refusal."""
    if request.method not in ("GET", "POST"):
        raise Refusal(303, found["command"])
    if not found["command"]:
        raise Refusal(302, "command", "")
    if found["command"].lower() != SEND.lower():
        raise Refusal(301, found["command"])
    door = _door(request, found)
    sender = sender_of(door, found["Sender"])
    recipient = _required(found, "Recipient").strip()
    text = _required(found, "Message")
    report_url = _report_url(door, found["DeliveryReportURL"].strip())
    return send(door, sender, recipient, text, report_url)


def _required(found: forms.Parameters, name: str) -> str:
    if not found[name].strip():
        raise Refusal(302, name, SEND)
    return found[name]


def _door(request: HttpRequest, found: forms.Parameters) -> Door:
    """The door of the API extension, its caller let in. Raises Refusal."""
    extension = _required(found, "ApiExtension").strip()
    doors = Door.objects.select_related("sender__channel", "receiver")
    door = doors.filter(kind=Door.OZEKI, extension=extension).first()
    if door is None:
        raise Refusal(401, extension)
    return entered(request, door, found["Username"], found["Password"])


def entered(request: HttpRequest, door: Door, name: str, password: str) -> Door:
    """The door, its caller let in by these. Raises Refusal."""
    remote = knocking.caller_of(request)
    try:
        if door.active and door.admits(remote) and door.users:
            _log_in(door, remote, name, password)
        return knocking.let_in(door, remote)
    except knocking.NotHere:
        raise Refusal(307) from None
    except (knocking.SwitchedOff, allowance.TooMany):
        raise Refusal(401, door.extension) from None


def _log_in(door: Door, remote: str, name: str, password: str) -> None:
    if not name or not password:
        raise Refusal(304)
    try:
        knocking.check_user(door, remote, name, password)
    except knocking.WrongKey:
        others = Door.objects.filter(kind=Door.OZEKI, active=True).exclude(pk=door.pk)
        elsewhere = any(knocking.fits(each, name, password) for each in others)
        raise Refusal(306 if elsewhere else 305) from None
    except allowance.TooMany:
        raise Refusal(305) from None


def sender_of(door: Door, wanted: str) -> Number:
    """The number to send from: the door's, or another of its own that is asked for."""
    wanted = wanted.strip()
    for number in door.numbers:
        if not wanted or number.value in (wanted, _plus(wanted)):
            return number
    raise Refusal(302, "Sender", SEND) if door.sender else Refusal(401, door.extension)


def _plus(written: str) -> str:
    try:
        return normalise(written, settings.PHONE_REGION)
    except ValidationError:
        return written


def _report_url(door: Door, url: str) -> str:
    if not url:
        return ""
    try:
        check_url(url, allow_private=settings.ALLOW_PRIVATE_ADDRESSES)
    except ValueError:
        raise Refusal(302, "DeliveryReportURL", SEND) from None
    if door.receiver is None:  # nobody is told of received texts, but reports need one to go by
        door.point("")
        door.save(update_fields=["receiver"])
    return url


def send(door: Door, sender: Number, recipient: str, text: str, report_url: str = "") -> Message:
    """Queue one text. Raises Refusal."""
    try:
        address_of(sender.channel.provider_class, recipient)
    except desk.Refused:
        raise Refusal(302, "Recipient", SEND) from None
    try:
        desk.check(sender.channel.adapter, text)
    except desk.Refused as refused:
        log.warning("%s: a message was refused: %s", door, refused)
        raise Refusal(302, "Message", SEND) from None
    try:
        with allowance.one_message(door):
            return outside.send(door, sender, recipient, text, report_url=report_url)
    except desk.Refused as refused:
        log.warning("%s: a message was refused: %s", door, refused)
        raise Refusal(501) from None
    except allowance.TooMany as refused:
        log.warning("%s: a message was refused: %s", door, refused)
        raise Refusal(401, door.extension) from None
