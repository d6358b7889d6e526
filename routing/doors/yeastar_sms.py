"""The SMS provider for a PBX: what its "General" provider calls to check its key and to send."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files import File
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from channels_app.models import Number
from providers.errors import ProviderError, Rejected

from .. import desk, files
from ..desk import outside
from ..forwarding import public_id
from ..models import Door
from . import allowance, knocking

log = logging.getLogger(__name__)

MAX_TEXT = 2_000
MAX_FILES = 10
FILES_SECONDS = 20.0  # for all of a message's files: the PBX waits
MAX_WORD = 255  # of a challenge or an idempotency key

#: Code: HTTP status and title.
ERRORS = {
    "10001": (400, "Invalid phone number"),
    "10002": (400, "Invalid parameter"),
    "10003": (400, "Unsupported media"),
    "10004": (401, "Authentication failed"),
    "10005": (403, "No permission"),
    "10006": (429, "Too many requests"),
    "10007": (500, "Service unavailable"),
}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Refusal(Exception):
    """An answer of the table, with the reason in a sentence."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


def answers(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """The view with everything that is refused said in the words of the table."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except Refusal as refused:
            return _error(refused.code, str(refused))
        except knocking.WrongKey as refused:
            return _error("10004", str(refused))
        except knocking.Refusal as refused:
            return _error("10005", str(refused))
        except allowance.TooMany as refused:
            answer = _error("10006", str(refused))
            answer["Retry-After"] = str(refused.after)
            return answer
        except Exception:
            log.exception("A request of a PBX could not be served")
            return _error("10007", "The message could not be accepted. Try again later.")

    return guarded


def _error(code: str, said: str) -> JsonResponse:
    status, title = ERRORS[code]
    answer = JsonResponse(
        {"errors": [{"code": code, "title": title, "detail": said or title}]}, status=status
    )
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


@answers
def verify(request: HttpRequest) -> HttpResponse:
    """Tells whether the key is good; a ``challenge`` in the query is echoed."""
    if request.method not in ("GET", "HEAD"):
        raise Refusal("10002", "Ask with GET.")
    knocking.by_key(Door.YEASTAR_SMS, request)
    challenge = request.GET.get("challenge", "")
    if len(challenge) > MAX_WORD:
        raise Refusal("10002", f"The challenge has more than {MAX_WORD} characters.")
    if challenge:
        return HttpResponse(challenge, content_type="text/plain; charset=utf-8")
    return JsonResponse({"data": {"status": "ok"}})


@answers
def send_message(request: HttpRequest) -> HttpResponse:
    """Takes a message: ``from``, ``to``, ``text`` and ``media_urls`` as JSON."""
    if request.method != "POST":
        raise Refusal("10002", "Send with POST.")
    door = knocking.by_key(Door.YEASTAR_SMS, request)
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > MAX_WORD:
        raise Refusal("10002", f"The Idempotency-Key has more than {MAX_WORD} characters.")
    body = _body(request)
    sender, recipient = _sender(door, body), _phone(body, "to")
    text, urls = _text(body), _urls(body)
    if not text.strip() and not urls:
        raise Refusal("10002", "A text is missing.")
    if key and (first := outside.by_key(door, key)):
        return _taken(first)
    with allowance.one_message(door):
        upload = _files(sender, urls)
        _check(sender, text, upload)
        try:
            message = outside.send(door, sender, recipient, text, upload=upload, client_key=key)
        except desk.Refused as refused:
            raise Refusal("10005", str(refused)) from None
    return _taken(message)


def _taken(message: Any) -> JsonResponse:
    return JsonResponse({"data": {"id": public_id(message).hex}})


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        found = json.loads(request.body)
    except RequestDataTooBig:
        raise Refusal("10002", "The body is too large.") from None
    except (ValueError, RecursionError):
        raise Refusal("10002", "The body is not valid JSON in UTF-8.") from None
    if not isinstance(found, dict):
        raise Refusal("10002", "The body must be a JSON object.")
    return found


def _phone(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal("10002", f"{name} is missing; it is a phone number as text.")
    if not _E164.fullmatch(value):
        raise Refusal("10001", f"{name} is not a phone number like +41791234510.")
    return value


def _sender(door: Door, body: dict[str, Any]) -> Number:
    """The number that the message leaves from: one of the door's, whatever is asked for."""
    wanted = body.get("from")
    for number in door.numbers:
        if number.value == wanted:
            return number
    raise Refusal("10005", f"{door} may not send from {_phone(body, 'from')}.")


def _text(body: dict[str, Any]) -> str:
    text = body.get("text")
    if text is not None and not isinstance(text, str):
        raise Refusal("10002", "text must be text.")
    if text and len(text) > MAX_TEXT:
        raise Refusal("10002", f"The text has {len(text):,} characters; {MAX_TEXT:,} are taken.")
    return (text or "").replace("\x00", "").encode("utf-8", "replace").decode()


def _check(sender: Number, text: str, upload: list[File[Any]]) -> None:
    """The files are checked before: what is refused here is the text."""
    try:
        desk.check(sender.channel.adapter, text, upload)
    except desk.Refused as refused:
        raise Refusal("10002", str(refused)) from None


def _urls(body: dict[str, Any]) -> list[str]:
    urls = body.get("media_urls")
    if urls is None:
        return []
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise Refusal("10002", "media_urls must be a list of addresses.")
    if len(urls) > MAX_FILES:
        raise Refusal("10003", f"At most {MAX_FILES} files are taken.")
    return urls


def _files(sender: Number, urls: list[str]) -> list[File[Any]]:
    """The files, fetched from the PBX; each is one that the channel's provider takes."""
    provider = sender.channel.adapter
    if urls and provider.media is None:
        raise Refusal("10003", f"{provider.name} carries text only; it takes no files.")
    upload: list[File[Any]] = []
    end = monotonic() + FILES_SECONDS
    for url in urls:
        try:
            upload.append(files.download(url, max(0.1, end - monotonic())))
        except Rejected as refused:
            raise Refusal("10003", refused.reason) from None
        except ProviderError as missing:
            raise Refusal("10007", missing.reason) from None
    try:
        desk.check(provider, "-", upload)
    except desk.Refused as refused:
        raise Refusal("10003", str(refused)) from None
    return upload
