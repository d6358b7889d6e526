"""The one view: which version, which interface, who calls; and every refusal in its words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ... import desk
from ...models import Door
from .. import allowance, knocking
from . import (
    campaigns,
    channels,
    messages,
    people,
    queues,
    sessions,
    setting,
    tokens,
    uploads,
    webhooks,
)
from .reading import Given, body_of
from .words import (
    BROKEN,
    DENIED,
    FORBIDDEN,
    NO_INTERFACE,
    NO_VERSION,
    NOT_DONE,
    TOO_MANY,
    Refusal,
    answer,
    wrong,
)

log = logging.getLogger(__name__)
VERSION = "v1.0"
Action = Callable[[Door, Given], dict[str, Any]]

#: Who has no token yet.
OPEN: dict[tuple[str, str], Callable[[HttpRequest, Given], dict[str, Any]]] = {
    ("POST", "get_token"): tokens.get,
    ("POST", "refresh_token"): tokens.renew,
    ("GET", "del_token"): tokens.end,
}
ACTIONS: dict[tuple[str, str], Action] = {
    ("GET", "message_channel/list"): channels.listed,
    ("GET", "message_channel/search"): channels.listed,
    ("GET", "message_channel/get"): channels.one,
    ("GET", "message_channel/query"): channels.many,
    ("GET", "message_channel/whatsapp_template"): channels.templates,
    ("POST", "message_channel/create"): setting.create,
    ("POST", "message_channel/update"): setting.update,
    ("GET", "message_channel/delete"): setting.delete,
    ("GET", "message_queue/list"): queues.listed,
    ("GET", "message_queue/search"): queues.listed,
    ("GET", "message_queue/get"): queues.one,
    ("GET", "message_queue/query"): queues.many,
    ("POST", "message_queue/create"): queues.create,
    ("POST", "message_queue/update"): queues.update,
    ("GET", "message_queue/delete"): queues.delete,
    ("GET", "message_campaign/list"): campaigns.listed,
    ("GET", "message_campaign/search"): campaigns.listed,
    ("GET", "message_campaign/get"): campaigns.one,
    ("GET", "message_campaign/query"): campaigns.many,
    ("GET", "message_campaign/retry"): campaigns.retry,
    ("GET", "message_campaign/delete"): campaigns.delete,
    ("POST", "message_campaign/create"): campaigns.create,
    ("POST", "message_campaign/update"): campaigns.update,
    ("GET", "message_session/list"): sessions.listed,
    ("GET", "message_session/search"): sessions.listed,
    ("GET", "message_session/get"): sessions.one,
    ("GET", "message_session/query"): sessions.many,
    ("POST", "message_session/transfer"): sessions.transfer,
    ("POST", "message_session/close"): sessions.close,
    ("POST", "message_session/archive"): sessions.archive,
    ("POST", "message_session/unarchive"): sessions.unarchive,
    ("GET", "message_session/delete"): sessions.delete,
    ("GET", "message/get"): messages.of_one,
    ("GET", "message/query"): messages.of_many,
    ("POST", "message/send"): messages.send,
    ("GET", "extension/list"): people.listed,
    ("GET", "extension/search"): people.listed,
    ("GET", "webhook/query"): webhooks.query,
    ("POST", "webhook/update"): webhooks.update,
}


@csrf_exempt
def view(request: HttpRequest, version: str, name: str) -> HttpResponse:
    """Any interface."""
    try:
        if version != VERSION:
            raise Refusal(NO_VERSION)
        return answer(**_done(request, name.strip("/")))
    except Refusal as refused:
        return answer(refused.code, **refused.more)
    except knocking.NotHere:
        return answer(FORBIDDEN)
    except knocking.Refusal:
        return answer(DENIED)
    except allowance.TooMany as many:
        refused = answer(TOO_MANY, submsg=str(many))
        refused["Retry-After"] = str(many.after)
        return refused
    except (desk.Refused, desk.AlreadyTaken, desk.SessionClosed) as refusal:
        return answer(NOT_DONE, submsg=str(refusal))
    except Exception:
        log.exception("A request of the Open API could not be served: %s", name)
        return answer(BROKEN)


def _done(request: HttpRequest, name: str) -> dict[str, Any]:
    # The plural is what one client calls.
    key = (request.method or "", name.replace("message_queues/", "message_queue/"))
    if not request.headers.get("User-Agent", "").strip():
        raise wrong("User-Agent", "required")
    if key in OPEN:
        return OPEN[key](request, _given(request))
    if key == ("POST", "message/batchupload"):
        return uploads.take(tokens.door_of(request), request)
    if key not in ACTIONS:
        raise Refusal(NO_INTERFACE)
    door = tokens.door_of(request)
    return ACTIONS[key](door, _given(request))


def _given(request: HttpRequest) -> Given:
    return Given(dict(request.GET.items())) if request.method == "GET" else body_of(request)
