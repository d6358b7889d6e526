"""SMSAPI (smsapi.pl and its sisters, LINK Mobility Poland): SMS and MMS.

Odd in four ways: the verdict is a code inside HTTP 200; there are two ways to log in; one report
call may carry many reports as lists; and no public document names the fields of a received MMS,
so whatever could be one is read, and what holds neither text nor file is kept as it came. The
tables of codes make half of the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from ..base import (
    DELIVERED,
    FAILED,
    SENT,
    Answer,
    Call,
    HttpProvider,
    Inbound,
    MediaRules,
    Outbound,
    Report,
    Secret,
    Talk,
    WebhookRequest,
)
from ..errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable, WebhookError
from ..reading import e164, field_of, unix
from ._files import is_layout, read_files
from ._login import TokenOrLogin
from ._params import told, uploads

LATER = {
    "8": "it could not read the request",
    "74": "sending is not allowed at this hour",
    "200": "sending failed; it asks to repeat it",
    **dict.fromkeys(("201", "999"), "an error inside SMSAPI"),
}
SLOWER = {
    "52": ("more than 10 messages to one number in a minute", 60.0),
    "202": ("too many requests at once", None),
    "203": ("too many requests", None),
}
OURS = {
    "70": "it refuses the address for reports; check PUBLIC_URL",
    "98": "a test account can only write to the number it was made with",
    "101": "wrong token, or a token of another country; check the API address",
    "102": "wrong login or API password",
    "103": "not enough points in the account",
    "105": "this server's IP address is not allowed; look at the API's IP filter",
    "110": "the account does not have this service",
}
THIS = {
    "11": ("invalid_param", "the text is missing, too long, or has letters it may not have"),
    "12": ("invalid_param", "the text has too many parts"),
    "13": ("invalid_phone_number", "the recipient's number is not valid, or may not be written to"),
    "14": ("invalid_did_number", "the sender is not valid; activate its name in the panel"),
    "21": ("exceeds_size_limit", "an MMS may have 300 kB at most"),
    "22": ("invalid_param", "it cannot read the layout of the MMS"),
    "23": ("unsupport_media_type", "it could not load the file; check PUBLIC_URL"),
    "24": ("unsupport_media_type", "it does not take files of this type"),
    "26": ("invalid_param", "the text beside a file may have 30 letters at most"),
    "32": ("invalid_phone_number", "MMS go to Polish networks only"),
    "33": ("invalid_phone_number", "the recipient's number is not valid"),
    "53": ("invalid_param", "it has taken this message already"),
    "57": ("invalid_phone_number", "the number is on the account's blacklist"),
}
STATUSES = {
    **dict.fromkeys(("404", "DELIVERED"), DELIVERED),  # not "not found": that is 401
    **dict.fromkeys(("401", "402", "405", "406", "407", "412"), FAILED),
    **dict.fromkeys(("NOT_FOUND", "EXPIRED", "UNDELIVERED", "FAILED", "REJECTED", "STOP"), FAILED),
    **dict.fromkeys(("403", "409", "410", "411"), SENT),
    **dict.fromkeys(("SENT", "QUEUE", "ACCEPTED", "RENEWAL"), SENT),
}  # 408, UNKNOWN: may be delivered or not, so no news
REASONS = {
    **dict.fromkeys(("401", "NOT_FOUND"), "it knows no such message, or its report has expired"),
    **dict.fromkeys(("402", "EXPIRED"), "the time for delivery ran out"),
    **dict.fromkeys(("405", "UNDELIVERED"), "the network did not deliver it"),
    **dict.fromkeys(("406", "FAILED"), "sending failed"),
    **dict.fromkeys(("407", "REJECTED"), "the network refused it"),
    **dict.fromkeys(("412", "STOP"), "a user stopped it"),
}
FILES = ("file", "files", "attachments", "media", "url")
SMIL = (
    '<smil><head><layout><root-layout width="100%" height="100%"/><region id="Image"/></layout>'
    '</head><body><par dur="5000ms"><{tag} src="{url}" region="Image"/></par></body></smil>'
)


class Adapter(HttpProvider):
    name = "SMSAPI"
    default_api_address = "https://api.smsapi.pl"
    alphanumeric_sender = True
    media = MediaRules(300_000, types=("image/", "audio/"), max_text=30)
    default_rate = 10.0
    unreadable_status = 200  # any answer but OK makes it repeat for ever what we have kept already
    setup = """1. In the SMSAPI panel, under API, Tokens, make a token and copy it into the field \
here. Or enter your login and the API password's MD5.
2. Under Settings, Callback addresses, add an address of the type for incoming SMS, and one for \
delivery reports (Parley also names it with each message):
{webhook_url}
3. To receive MMS, add one of the type "Callback address - MMS reception":
{webhook_url}/mms
4. If you limit who may call, these are the addresses that SMSAPI names:
89.174.81.98, 91.185.187.219, 213.189.53.211, 31.186.83.18, 212.91.26.253
5. An account at smsapi.com, .bg or .se needs its own API address here, for example:
https://api.smsapi.com"""

    class Credentials(TokenOrLogin):
        password = Secret(
            label="Password",
            required=False,
            help_text="The API password, as MD5. Any other text is turned into its MD5 when you "
            "save.",
        )

        def clean_password(self) -> str:
            """The MD5, which is what travels: so the log of exchanges knows what to cut out."""
            given: str = self.cleaned_data["password"]
            if not given or re.fullmatch(r"[0-9a-fA-F]{32}", given):
                return given.lower()
            return hashlib.md5(given.encode(), usedforsecurity=False).hexdigest()

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        fields = {"to": message.recipient.removeprefix("+"), "idx": message.reference}
        if message.webhook_url:
            fields["notify_url"] = message.webhook_url
        if message.media:
            file = message.media[0]
            kind = "audio" if file.content_type.startswith("audio/") else "img"
            smil = SMIL.format(tag=kind, url=escape(file.url)) if file.url else ""
            fields |= {"subject": message.text or "MMS", "smil": smil}
            answer = yield self.ask("POST", "/mms.do", fields)
        else:
            sender = message.sender.removeprefix("+")
            fields |= {"from": sender, "message": message.text, "encoding": "utf-8"}
            answer = yield self.ask("POST", "/sms.do", fields)
        ids = [field_of(each, "id") for each in answer.json()["list"]]
        return ids if len(ids) > 1 else ids[0]

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("GET", "/user.do", {"credits": "1", "details": "1"}, sends=False)
        if "points" not in answer.json():
            raise ValueError("no points")

    def ask(self, method: str, path: str, fields: dict[str, str], *, sends: bool = True) -> Call:
        headers = {}
        if token := self.credentials.get("token"):
            headers["Authorization"] = f"Bearer {token}"
        else:
            fields |= {name: self.credentials[name] for name in ("username", "password")}
        fields |= {"format": "json"}
        if method == "GET":
            return self.call(method, path, params=fields, headers=headers, sends=sends)
        return self.call(method, path, form=fields, headers=headers, sends=sends)

    def error(self, answer: Answer) -> ProviderError | None:
        found = answer.fields
        first = (found.get("list") or [None])[0] if not found.get("error") else None
        code = field_of(found, "error") or field_of(first, "error")
        if not code.isdecimal() or code == "0":
            if field_of(first, "status") == "ERROR":
                return Rejected("SMSAPI: it could not take this message.")
            return super().error(answer)
        own = field_of(found, "message") or field_of(first, "message")
        own = f"{code}: {own}" if own else f"code {code}"
        if code in LATER:
            return Unavailable(f"SMSAPI: {LATER[code]} ({own}).")
        if code in SLOWER:
            meaning, after = SLOWER[code]
            return Throttled(f"SMSAPI: {meaning} ({own}).", after=after)
        if code in OURS:
            word = "no_credits" if code == "103" else ""
            return BadCredentials(f"SMSAPI: {OURS[code]} ({own}).", code=word)
        word, meaning = THIS.get(code, ("", "it refuses this message"))
        return Rejected(f"SMSAPI: {meaning} ({own}).", code=word)

    # webhooks

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = told(request, spare="windows-1250")
        if {"status", "status_name"} & found.keys() or not (found or request.body):
            return
        mms = request.tail.startswith("mms") or "mms_from" in found
        names = ("mms_from", "sms_from", "from"), ("mms_to", "sms_to", "to")
        sender, recipient = (e164(field_of(found, *each)) for each in names)
        if not sender or not recipient:
            raise WebhookError("The message does not name its sender and its recipient.")
        if not mms and "sms_text" not in found:
            raise WebhookError("The message has no sms_text.")
        text = field_of(found, "mms_text", "sms_text", "text")
        sent_at = unix(field_of(found, "mms_date", "sms_date", "date"))
        if not mms:  # MsgId is what it answers, so two answers have the same: no id of its own
            yield Inbound(sender, recipient, text, sent_at=sent_at)
            return
        files, raw = read_files(found, FILES)
        files += tuple(each for each in uploads(request) if not is_layout(each))
        subject = field_of(found, "mms_subject", "subject")
        text = "\n".join(filter(None, (subject, text)))
        raw = raw if files or text else request.body.decode("utf-8", "replace").replace("\0", "")
        own_id = field_of(found, "id")
        yield Inbound(sender, recipient, text, own_id, media=files, sent_at=sent_at, raw=raw)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = told(request)
        if not {"status", "status_name"} & found.keys():
            return
        ids, words = (listed(found, *each) for each in (("MsgId",), ("status", "status_name")))
        if len(ids) != len(words) or not all(ids):
            raise WebhookError("A delivery report needs as many MsgId as it has status.")
        own, dates = listed(found, "idx"), listed(found, "donedate", "sent_at")
        for place, word in enumerate(words):
            if status := STATUSES.get(word.upper()):
                said = f"SMSAPI: {REASONS[word.upper()]} ({word})." if status == FAILED else ""
                reference = own[place] if len(own) == len(ids) else ""
                when = unix(dates[place]) if len(dates) == len(ids) else None
                yield Report(status, ids[place], reference, said, when)


def listed(found: dict[str, Any], *names: str) -> list[str]:
    """The parts of a field that may hold the facts of several messages, in the same order."""
    return [each.strip() for each in field_of(found, *names).split(",")]
