"""VoIP.ms (Canada): SMS and MMS by its REST API, received by URL callback or by asking.

Longer than most, for messages come in two ways, of which the second one also catches what the first
one lost. The verdict is a word inside HTTP 200. Numbers have ten digits. Nothing is signed: only
the secret part of the address protects it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from ..base import (
    Answer,
    Batch,
    Call,
    HttpProvider,
    Inbound,
    Media,
    MediaRules,
    Outbound,
    Reply,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import (
    BadCredentials,
    ProviderError,
    Rejected,
    Throttled,
    Unavailable,
    WebhookError,
)
from ..reading import clean, e164, field_of, moment
from ._params import told

# Words of an answer. Those of the first group meet every message: the channel's fault.
OURS = {
    **dict.fromkeys(("invalid_credentials", "missing_credentials"), "use the API password"),
    **dict.fromkeys(
        ("ip_not_enabled", "ip_not_authorized"), "allow this server's IP address in the portal"
    ),
    "api_not_enabled": "enable the API in the portal",
    **dict.fromkeys(("invalid_did", "missing_did", "no_sms"), "is SMS enabled for the number?"),
}
NOT_SENT = ("sms_failed", "not_sent")
NOTHING = ("no_sms", "no_mms", "no_messages")  # of a list: it is empty
MOST_SMS_BYTES = 160
DAY = timedelta(days=1)
LONGEST = 90 * DAY  # a list of more days is refused


class Adapter(HttpProvider):
    name = "VoIP.ms"
    default_api_address = "https://voip.ms/api/v1/rest.php"
    has_reports = False
    collects_every = 60.0
    max_text = 1600
    media = MediaRules(1_200_000, max_files=3)
    setup = """1. In the portal, under Main Menu, SOAP & REST/JSON API, set an API password, \
enable the API, and allow this server's IP address.
2. Under Manage DIDs, edit each number: enable SMS/MMS, turn on the URL callback and its retry, \
and enter as its address:
{webhook_url}?to={TO}&from={FROM}&message={MESSAGE}&id={ID}&media={MEDIA}
3. Without the callback, messages are collected once a minute."""

    class Credentials(forms.Form):
        username = forms.CharField(
            label="API username", help_text="The e-mail address you log in with."
        )
        password = Secret(label="API password", help_text="Not the log-in password.")
        long_texts = forms.ChoiceField(
            label="Texts that are too long for an SMS",
            choices=[("mms", "Send as MMS"), ("refuse", "Refuse")],
            required=False,
            help_text="VoIP.ms takes 160 bytes: an accented letter counts two, an emoji four.",
        )

    def send(self, message: Outbound) -> Talk[str]:
        long = len(message.text.encode()) > MOST_SMS_BYTES
        if long and not message.media and self.credentials.get("long_texts") == "refuse":
            said = f"the text has more than {MOST_SMS_BYTES} bytes; an accented letter counts two"
            raise Rejected(f"VoIP.ms: {said}.", code="exceeds_size_limit")
        kind = "mms" if long or message.media else "sms"
        fields = {
            "did": _ten(message.sender),
            "dst": _ten(message.recipient),
            "message": message.text,
        }
        fields |= {f"media{n}": each.url for n, each in enumerate(message.media, 1)}
        answer = yield self.ask(f"send{kind.upper()}", fields)
        return str(answer.json()[kind])

    def check_credentials(self) -> Talk[None]:
        yield self.ask("getBalance", {}, sends=False)

    def collect(self, cursor: str) -> Talk[Batch]:
        """Ask for all messages since the day before the last time, but those seen already.

        The cursor is that day, and the ids of what was seen since.
        """
        now = datetime.now(UTC)
        since, _, ids = cursor.partition(" ")
        since, seen = max(since, _day(now - LONGEST)) if since else _day(now), set(ids.split(","))
        asked = {"type": "1", "all_messages": "1", "timezone": "0"}
        asked |= {"from": since, "to": _day(now + DAY)}
        answer = yield replace(self.ask("getMMS", asked, sends=False), judge=self.list_error)
        found = answer.json()
        events, listed = [], []
        for row in found.get("sms") or found.get("mms") or ():
            listed.append(field_of(row, "id"))
            event = None if listed[-1] in seen else _collected(row)
            if event and not event.text and not event.media:  # the list may keep quiet about files
                with contextlib.suppress(Rejected):  # there is none
                    answer = yield self.ask("getMediaMMS", {"id": event.provider_id}, sends=False)
                    event = _collected({**row, "media": answer.json().get("media")})
            if event:
                events.append(event)
        return Batch(tuple(events), f"{_day(now - DAY)} {','.join(filter(None, listed))}")

    def ask(self, method: str, fields: Mapping[str, str], *, sends: bool = True) -> Call:
        who = {
            "api_username": self.credentials["username"],
            "api_password": self.credentials["password"],
        }
        return self.call("POST", "", form={**who, "method": method, **fields}, sends=sends)

    def error(self, answer: Answer) -> ProviderError | None:
        if error := super().error(answer):
            return error
        word = field_of(answer.json(), "status")
        if word == "success":
            return None
        if not word:
            raise ValueError("no status")
        said = f"VoIP.ms: {field_of(answer.json(), 'message') or word}"
        if word in OURS:
            return BadCredentials(f"{said} ({OURS[word]})")
        if word == "limit_reached":  # of a day
            return Throttled(said, after=3600.0)
        return Unavailable(said) if word in NOT_SENT else Rejected(said)

    def list_error(self, answer: Answer) -> ProviderError | None:
        return None if field_of(answer.fields, "status") in NOTHING else self.error(answer)

    # webhooks

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = told(request)
        sender, recipient = _e164(field_of(found, "from")), _e164(field_of(found, "to"))
        if not sender or not recipient:
            raise WebhookError("The message lacks from or to; compare the callback's address.")
        yield Inbound(
            sender,
            recipient,
            field_of(found, "message"),
            provider_id=field_of(found, "id").replace("{ID}", ""),  # where it knows no such word
            media=_media(field_of(found, "media").split(",")),
        )

    def answer(self, request: WebhookRequest) -> Reply:
        return Reply("ok")  # anything else, and it comes again every half hour


def _collected(row: Mapping[str, Any]) -> Inbound | None:
    """The customer's message in a row of the list; None if it is ours, or says too little."""
    sender, recipient = _e164(field_of(row, "contact")), _e164(field_of(row, "did"))
    if field_of(row, "type") != "1" or not sender or not recipient:
        return None
    listed = row.get("media")
    named = listed.values() if isinstance(listed, Mapping) else listed or ()
    urls = [field_of(row, f"col_media{n}") for n in (1, 2, 3)] + list(named)
    return Inbound(
        sender,
        recipient,
        field_of(row, "message"),
        provider_id=field_of(row, "id"),
        media=_media(urls),
        sent_at=moment(field_of(row, "date")),
    )


def _media(urls: Iterable[Any]) -> tuple[Media, ...]:
    """A file for each different web address."""
    found = dict.fromkeys(each.strip() for each in urls if isinstance(each, str))
    return tuple(
        Media(url, name=url.split("?")[0].rstrip("/").rsplit("/", 1)[-1])
        for url in map(clean, found)
        if url.startswith(("https://", "http://"))
    )


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d}"


def _ten(number: str) -> str:
    """A number as VoIP.ms wants it: ten digits in North America."""
    return number.removeprefix("+1").removeprefix("+")


def _e164(number: str) -> str:
    """The same the other way round."""
    digits = number.strip()
    ten = len(digits) == 10 and digits.isascii() and digits.isdigit()
    return f"+1{digits}" if ten else e164(digits)
