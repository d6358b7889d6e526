"""What Messenger and Instagram share: one Send API, one form of webhooks.

A message is a text or a file, never both. Outside the 24 hours an account that Meta has approved
for it may answer as a human agent; nobody tells us where we stand, so the ordinary way goes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from django import forms

from ..base import Call, Inbound, Media, MediaRules, Outbound, Talk, WebhookRequest
from ..errors import Rejected, WebhookError
from ..reading import field_of, unix
from ._chat import place
from ._meta import MetaProvider, said
from ._tree import branches, first

HUMAN_HOURS = 168.0
HUMAN = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
FILES = ("image", "audio", "video", "file", "story_mention")
LIKES = ("369239263222822", "369239343222814", "369239383222810")
HEARTS, THUMBS = "❤️", "👍"
ODD = "(a message of a kind that cannot be shown here)"


class PageMessaging(MetaProvider):
    """A network where the customer always begins, and a page or an account answers."""

    starts = False
    window_hours = 24.0
    window_help = "The customer must write again first."
    media = MediaRules(25_000_000, max_text=0, sizes=(("image/", 8_000_000),))
    default_rate = 20.0
    own_address = r"[0-9]{5,25}"
    #: What an ordinary answer carries, and the fields of a customer's name.
    response: ClassVar[Mapping[str, str]] = {}
    named: ClassVar[tuple[str, ...]] = ()
    wanted: ClassVar[str] = ""  # the webhook's fields
    closed = ("10/2018278", "10/2534022")
    # Unknown; not to be reached; "not available right now", which is also who has blocked us.
    failed = ("100/2018001", "200/2018108", "551")

    class Credentials(MetaProvider.Credentials):
        human_agent = forms.BooleanField(
            label="Human agent",
            required=False,
            help_text="Only if Meta has approved the app for it: agents may answer for 7 days.",
        )

    def __init__(self, credentials: Mapping[str, Any], api_address: str = "") -> None:
        super().__init__(credentials, api_address)
        if credentials.get("human_agent"):
            self.window_hours = HUMAN_HOURS

    # sending

    def send(self, message: Outbound) -> Talk[str]:
        fields = {"recipient": {"id": message.recipient}, "message": self.content(message)}
        try:
            answer = yield self.post(fields | dict(self.response))
        except Rejected as refused:
            if refused.code != "window_closed" or not self.credentials.get("human_agent"):
                raise
            answer = yield self.post(fields | HUMAN)
        return str(answer.json()["message_id"])

    def post(self, fields: Mapping[str, Any]) -> Call:
        return self.ask("POST", "/me/messages", json=fields)

    def content(self, message: Outbound) -> dict[str, Any]:
        if not message.media:
            return {"text": message.text}
        if message.text:
            raise Rejected(f"{self.name} takes no text beside a file; send it by itself.")
        (media,) = message.media
        kind = media.content_type.partition("/")[0]
        kind = kind if kind in ("image", "audio", "video") else "file"
        return {"attachment": {"type": kind, "payload": {"url": media.url}}}

    def connect(self, webhook_url: str) -> Talk[str]:
        asked = {"subscribed_fields": self.wanted}
        answer = yield self.ask("POST", "/me/subscribed_apps", params=asked, sends=False)
        if answer.json().get("success") is not True:
            raise Rejected(f"{self.name} did not subscribe the app.")
        return "The app is subscribed. Meta calls the callback URL of the app's configuration."

    def profile(self, customer: str) -> Talk[str]:
        asked = {"fields": ",".join(self.named)}
        answer = yield self.ask("GET", f"/{quote(customer, safe='')}", params=asked, sends=False)
        return self.name_of(answer.json())

    def name_of(self, found: Any) -> str:
        return " ".join(filter(None, (field_of(found, each) for each in self.named)))

    # webhooks

    def told(self, request: WebhookRequest) -> Iterator[Mapping[str, Any]]:
        """What happened, one by one. Copies of what another app handles are not for us."""
        for each in branches(said(request), "entry.*.messaging.*"):
            if isinstance(each, dict):
                yield each

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        for each in self.told(request):
            if (found := written(each)) is None:
                continue
            key, text, files = found
            customer, ours = first(each, "sender.id"), first(each, "recipient.id")
            if not (customer and ours and key):
                raise WebhookError("A message without its id, its sender or its recipient.")
            yield Inbound(customer, ours, text, key, files, when(each))


def when(found: Any) -> Any:
    return unix(field_of(found, "timestamp"))


def written(each: Mapping[str, Any]) -> tuple[str, str, tuple[Media, ...]] | None:
    """The id, the text and the files of what a customer wrote; None if it is something else."""
    if isinstance(message := each.get("message"), dict):
        if message.get("is_echo") or message.get("is_deleted"):
            return None
        text, files = _content(message)
        return field_of(message, "mid"), text or ("" if files else ODD), files
    if isinstance(pressed := each.get("postback"), dict):
        return field_of(pressed, "mid"), field_of(pressed, "title", "payload"), ()
    if isinstance(reaction := each.get("reaction"), dict):
        if field_of(reaction, "action") != "react" or not (mid := field_of(reaction, "mid")):
            return None
        key = f"{mid}:{field_of(each, 'timestamp')}"  # it has no id of its own
        return key, field_of(reaction, "emoji", "reaction"), ()
    return None


def _content(message: Mapping[str, Any]) -> tuple[str, tuple[Media, ...]]:
    lines, files = [field_of(message, "text")], []
    for each in branches(message, "attachments.*"):
        kind = field_of(each, "type")
        payload = each.get("payload") if isinstance(each, dict) else None
        payload = payload if isinstance(payload, dict) else {}
        if kind == "like_heart":
            lines.append(HEARTS)
        elif field_of(payload, "sticker_id") in LIKES:
            lines.append(THUMBS)
        elif kind == "location":
            spot = next(branches(payload, "coordinates"), None)
            titled = {**(spot if isinstance(spot, dict) else {}), "title": field_of(each, "title")}
            lines.append(place(titled, "lat", "long", "title"))
        elif kind in FILES:
            files.append(Media(url=field_of(payload, "url"), name=kind))
        else:  # a link, a post: what it is called, and where it is
            lines += [field_of(payload, "title") or field_of(each, "title")]
            lines += [field_of(payload, "url") or field_of(each, "url")]
    return "\n".join(dict.fromkeys(filter(None, lines))), tuple(files)
