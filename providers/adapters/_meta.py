"""What WhatsApp, Messenger and Instagram share: the Graph API, its errors, its signed webhooks."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.validators import RegexValidator

from ..base import Answer, Call, HttpProvider, Secret, WebhookRequest, retry_after
from ..errors import (
    BadCredentials,
    OptedOut,
    ProviderError,
    Rejected,
    Throttled,
    Unavailable,
    WebhookError,
)
from ..reading import field_of

VERSION = "v25.0"
SIGNED = "X-Hub-Signature-256"

# The Graph API's own codes, on all of its networks.
TOKEN = ("0", "102", "190")  # not valid, or expired
PERMISSION = ("3", "10", *map(str, range(200, 300)))
BLOCKED = ("368",)
SLOW = ("4", "17", "32", "613")
LATER = ("1", "2", "1200")  # "temporary; try again"


class MetaProvider(HttpProvider):
    """A network behind the Graph API."""

    default_api_address = "https://graph.facebook.com"
    #: Codes of this network's own, and what each means for the message; "a/b" has a subcode.
    ours: ClassVar[tuple[str, ...]] = ()  # the channel's fault
    slow: ClassVar[tuple[str, ...]] = ()
    later: ClassVar[tuple[str, ...]] = ()
    pause: ClassVar[tuple[str, ...]] = ()  # the channel had better rest
    one: ClassVar[tuple[str, ...]] = ()  # this recipient has had enough for now
    closed: ClassVar[tuple[str, ...]] = ()  # the window is
    stopped: ClassVar[tuple[str, ...]] = ()
    failed: ClassVar[tuple[str, ...]] = ()  # this message, whatever else the code means

    class Credentials(forms.Form):
        access_token = Secret(label="Access token")
        app_secret = Secret(
            label="App secret", help_text="Of the app, under App settings, Basic. It signs."
        )
        verify_token = forms.CharField(
            label="Verify token",
            max_length=100,
            help_text="A word of your own choice. Enter the same one beside the callback URL.",
        )
        api_version = forms.CharField(
            label="Version of the API",
            required=False,
            validators=[RegexValidator(r"^v\d{1,3}\.\d$", "Enter it like v25.0.")],
            help_text=f"Empty: {VERSION}.",
        )

    @property
    def version(self) -> str:
        return str(self.credentials.get("api_version") or VERSION)

    def ask(self, method: str, path: str, **kwargs: Any) -> Call:
        """A call to a path under the API's version, or to a full address."""
        bearer = {"Authorization": f"Bearer {self.credentials['access_token']}"}
        where = path if "://" in path else f"/{self.version}{path}"
        return self.call(method, where, headers=bearer, **kwargs)

    # errors

    def error(self, answer: Answer) -> ProviderError | None:
        told = complaint(answer)
        code, both = codes(told)
        if not code:
            return super().error(answer)
        why = f"{self.name}: {self.reason(answer)}"
        if any(each in self.failed for each in (both, code)):
            return Rejected(why)
        if any(each in self.closed for each in (both, code)):
            return Rejected(why, code="window_closed")
        if any(each in self.stopped for each in (both, code)):
            return OptedOut(why)
        if code in self.one:
            return Throttled(why, recipient=True)
        if code in self.pause:
            return Throttled(why, after=3600.0)
        if code in (*TOKEN, *PERMISSION, *BLOCKED, *self.ours):
            return BadCredentials(why)
        if code in (*SLOW, *self.slow):
            return Throttled(why, after=retry_after(answer))
        if code in (*LATER, *self.later):
            return Unavailable(why)
        return super().error(answer) or Rejected(why)

    def reason(self, answer: Answer) -> str:
        return words(complaint(answer)) or super().reason(answer)

    # webhooks

    def verify_webhook(self, request: WebhookRequest) -> None:
        if request.method == "GET":
            given = request.query.get("hub.verify_token", "")
            if not same(given, str(self.credentials.get("verify_token") or "")):
                raise WebhookError(
                    "hub.verify_token is missing or wrong; compare the verify token."
                )
            return
        given = request.headers.get(SIGNED.lower(), "").strip()
        if not same(given, self.signature(request)[SIGNED]):
            raise WebhookError(f"{SIGNED} is missing or wrong; compare the app secret.")

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        key = str(self.credentials.get("app_secret") or "").encode()
        return {SIGNED: "sha256=" + hmac.new(key, request.body, hashlib.sha256).hexdigest()}

    def challenge(self, request: WebhookRequest) -> str | None:
        if request.method == "GET" and request.query.get("hub.mode") == "subscribe":
            return request.query.get("hub.challenge", "")
        return None


def said(request: WebhookRequest) -> dict[str, Any]:
    """What a webhook tells; {} for the test of a new address. Raises WebhookError."""
    return {} if request.method == "GET" else request.json


def same(given: str, wanted: str) -> bool:
    """Whether they are equal, told without giving the wanted one away; nothing is equal to ""."""
    return bool(wanted) and hmac.compare_digest(
        given.encode(errors="replace"), wanted.encode(errors="replace")
    )


def complaint(answer: Answer) -> Mapping[str, Any]:
    """The error that an answer holds; {} if it holds none."""
    found = answer.fields.get("error")
    return found if isinstance(found, Mapping) else {}


def codes(told: Mapping[str, Any]) -> tuple[str, str]:
    """An error's code, and the code with its subcode."""
    code = field_of(told, "code")
    return code, f"{code}/{field_of(told, 'error_subcode')}"


def words(told: Mapping[str, Any]) -> str:
    """An error in the network's own words, with its code."""
    said = field_of(told.get("error_data"), "details") or field_of(
        told, "error_user_msg", "message", "title"
    )
    code = field_of(told, "code")
    return f"{said[:300].rstrip('. ') or 'no reason given'} (code {code})." if code else ""
