"""Events, and what a platform was told."""

from __future__ import annotations

import json

from routing.models import PlatformEvent

from ..factories import MessageFactory, SessionFactory
from ..stories.vendor import Request, Vendor

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def event(platform, session=None, **more) -> PlatformEvent:
    message = MessageFactory(session=session or SessionFactory(platform=platform), **more)
    return PlatformEvent.objects.create(platform=platform, session=message.session, message=message)


def texts(vendor: Vendor) -> list[str]:
    return [message(each)["msg_body"] for each in vendor.requests]


def message(request: Request) -> dict:
    return json.loads(request.json()["msg"])
