"""The form of Ozeki's SMS gateways: ``?action=sendmessage``, with one report for each recipient.

They know users and no extension. Codes other than 0 are those of ``ozeki``, as none are published.
"""

from __future__ import annotations

import logging
import re

from django.http import HttpRequest, HttpResponse

from channels_app.models import Number

from ..forwarding import public_id
from ..models import Door
from . import forms, knocking, ozeki

log = logging.getLogger(__name__)

ACTION = "sendmessage"
ACCEPTED = "Message accepted for delivery"
MOST = 100  # recipients in one request
#: The older Message Server spells differently.
RECIPIENTS = ("recipient", "recepient")


def is_asked(found: forms.Parameters) -> bool:
    return found["action"].lower() == ACTION


def answer(request: HttpRequest, found: forms.Parameters) -> HttpResponse:
    """Send to each recipient; each is told what became of its own."""
    recipients = [
        each.strip()
        for name in RECIPIENTS
        for listed in found.all(name)
        for each in re.split("[,;]", listed)
        if each.strip()
    ]
    try:
        door = _door(request, found)
        if not recipients or len(recipients) > MOST:
            raise ozeki.Refusal(302, "recipient", ACTION)
        if (found["messagetype"] or "SMS:TEXT").upper() != "SMS:TEXT":
            raise ozeki.Refusal(302, "messagetype", ACTION)
        if not found["messagedata"].strip():
            raise ozeki.Refusal(302, "messagedata", ACTION)
        sender = ozeki.sender_of(door, found["originator"])
        reports = [_one(door, sender, each, found["messagedata"]) for each in recipients]
    except ozeki.Refusal as refused:
        reports = [_report(refused.code, str(refused), "", each) for each in recipients or [""]]
    data = "".join(reports)
    return ozeki.xml(f"<response><action>{ACTION}</action><data>{data}</data></response>")


def _one(door: Door, sender: Number, recipient: str, text: str) -> str:
    try:
        message = ozeki.send(door, sender, recipient, text)
    except ozeki.Refusal as refused:
        return _report(refused.code, str(refused), "", recipient)
    except Exception:
        log.exception("A message in the gateway's words could not be taken")
        return _report(401, ozeki.TEXTS[401].format(door.extension), "", recipient)
    return _report(0, ACCEPTED, str(public_id(message)), recipient)


def _report(code: int, said: str, name: str, recipient: str) -> str:
    inner = f"<statuscode>{code}</statuscode><statusmessage>{ozeki.clean(said)}</statusmessage>"
    if name:
        inner += f"<messageid>{name}</messageid>"
    return f"<acceptreport>{inner}<recipient>{ozeki.clean(recipient)}</recipient></acceptreport>"


def _door(request: HttpRequest, found: forms.Parameters) -> Door:
    """The door of this user, or of the extension that is named, its caller let in. Raises Refusal.

    Without either it is the one door that asks for no log-in, if there is only one.
    """
    name, password = found["username"], found["password"]
    if ":" in found["ozmsUserInfo"]:
        name, _, password = found["ozmsUserInfo"].partition(":")
    doors = list(Door.objects.filter(kind=Door.OZEKI).select_related("sender__channel", "receiver"))
    if found["ApiExtension"]:
        doors = [each for each in doors if each.extension == found["ApiExtension"].strip()]
    theirs = [each for each in doors if knocking.fits(each, name, password)]
    theirs = theirs or [each for each in doors if name in each.users]
    if not theirs:
        theirs = [each for each in doors if not each.users]
        if len(theirs) != 1:
            raise ozeki.Refusal(305 if name else 304)
    return ozeki.entered(request, theirs[0], name, password)
