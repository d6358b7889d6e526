"""SerwerSMS.pl (Vercom): SMS and MMS by its HTTPS API 2.

Odd in four ways: refusals stand inside HTTP 200, of the call or of one number; an MMS needs its
file uploaded first; reports and received messages come to addresses that somebody writes by hand
from tags, in words that no document lists in full; and received messages may be asked for instead.
The tables of codes and words make a third of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ..base import (
    DELIVERED,
    FAILED,
    SENT,
    Answer,
    Batch,
    Call,
    HttpProvider,
    Inbound,
    MediaRules,
    Outbound,
    Report,
    Talk,
    WebhookRequest,
)
from ..errors import BadCredentials, ProviderError, Rejected, WebhookError
from ..reading import field_of, moment
from ..segments import count
from ._cursor import batch, place_of
from ._files import read_files
from ._letters import plain, switch
from ._login import TokenOrLogin
from ._params import own_number, told
from ._polish import WARSAW, polish

OURS = {
    "1000": "it does not know the action; check the API address",
    "1001": "wrong login, password or token",
    **dict.fromkeys(("1002", "1005", "1007", "1008"), "the account may not do this"),
    "1003": "this server's IP address is not allowed",
    **dict.fromkeys(("3000", "3002", "3004", "3006"), "the account's limit is used up"),
    **dict.fromkeys(
        ("3001", "3003", "3005", "3007", "3008", "3009"), "the account may not do this"
    ),
    "3100": "sending is blocked for the account",
}
NO_CREDITS = ("3000", "3002", "3004", "3006")
THIS = {
    "2001": ("invalid_phone_number", "the recipient's number is not valid"),
    "3101": ("invalid_param", "the text is empty"),
    "3102": ("invalid_param", "the text is too long"),
}
# Beginnings of words, for nobody lists the words that reports use: English by the API, Polish, with
# or without accents, by the older one. "saved" is a message that waits for its date: no news.
STATUSES = {
    **dict.fromkeys(("undeliv", "unsent", "niedor", "niedost", "niewys"), FAILED),
    **dict.fromkeys(("deliv", "dor", "dost"), DELIVERED),
    **dict.fromkeys(("sent", "wys", "in_progress", "pending"), SENT),
}
REASONS = {
    "message_expired": "the time for delivery ran out",
    "unsupported_number": "numbers of this kind cannot be reached",
    "message_rejected": "the network refused it",
    "missed_call": "the call was not answered",
    "wrong_number": "the number is not valid",
    "limit_exhausted": "the account's limit is used up",
    "lock_send": "sending is blocked for the account",
    "wrong_message": "the text is not valid",
    "operator_error": "an error in the network",
    "wrong_sender_name": "the sender's name is not valid",
    "number_is_blacklisted": "the number is on the account's blacklist",
    "sending_to_foreign_networks_is_locked": "numbers abroad are locked for the account",
    "no_permission_to_send_messages": "the account may not send messages",
    "other_error": "not delivered",
}
KINDS = ("ndi", "nd", "eco", "mms")
OVERLAP = timedelta(minutes=10)  # asked for again: seen before is no harm, not seen is
AT_ONCE, PAGE = 500, 50  # reports, and received messages, in one question
REPORT_AT = "/dlr?smsid=#SMSID#&stan=#STAN#&data=#DATA#&przyczyna=#PRZYCZYNA#"
MOST_KB = 300


class Adapter(HttpProvider):
    name = "SerwerSMS"
    default_api_address = "https://api2.serwersms.pl"
    alphanumeric_sender = True
    media = MediaRules(10_000_000)
    polls = True
    collects_every = 60
    default_rate = 5.0
    unreadable_status = 200
    setup = """1. In the SerwerSMS panel, in the interface settings, HTTP API, make an API token. \
Or make an API user, and enter its login and password.
2. To receive, enter this address where the panel forwards messages of your number (ND, NDI, ECO). \
At its end, type your own number in place of 48221234510:
{webhook_url}?numer=#NUMER#&wiadomosc=#WIADOMOSC#&data=#DATA#&id=#ID#&na_numer=48221234510
3. If the panel cannot forward them, and for MMS, choose below what Parley shall ask for itself.
4. Reports need no set-up: each message names the address they go to, and Parley also asks."""

    class Credentials(TokenOrLogin):
        variant = forms.ChoiceField(
            label="Kind of SMS",
            choices=[("full", "FULL, from a name or number"), ("eco", "ECO+, from any number")],
            required=False,
        )
        plain_letters = switch()
        own_number = own_number()
        asks = forms.CharField(
            label="Ask for received messages",
            required=False,
            help_text="Any of ndi (to numbers of your own), nd (to the shared number), eco "
            "(answers to ECO+) and mms, with commas between. Only kinds that the panel does not "
            "forward: otherwise they come twice.",
        )
        mms_title = forms.CharField(label="Title of MMS", required=False, max_length=40)
        max_file_kb = forms.IntegerField(
            label="Largest file (kB)",
            required=False,
            min_value=1,
            max_value=10_000,
            help_text=f"Empty: {MOST_KB}. SerwerSMS publishes no limit.",
        )

        def clean_asks(self) -> str:
            kinds = self.cleaned_data["asks"].replace(",", " ").lower().split()
            if unknown := [kind for kind in kinds if kind not in KINDS]:
                known = ", ".join(KINDS)
                raise ValidationError(f"{unknown[0]!r} is none of {known}.")
            return ", ".join(kinds)

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        if message.media:
            answer = yield from self.send_mms(message)
        else:
            answer = yield self.ask("messages/send_sms", self.fields(message))
        found = answer.json()
        items = found.get("items") or []
        for each in items:
            if field_of(each, "status") == "unsent":
                raise self.refusal(field_of(each, "error_code"), field_of(each, "error_message"))
        if found["success"] is not True or found.get("unsent"):
            raise Rejected(f"SerwerSMS: it did not take the message ({answer.text[:200]}).")
        ids = [field_of(each, "id") for each in items]
        return ids if len(ids) > 1 else "".join(ids)

    def fields(self, message: Outbound) -> dict[str, Any]:
        text = plain(message.text) if self.credentials.get("plain_letters") else message.text
        costly = count(text).costly
        found: dict[str, Any] = {"phone": message.recipient, "text": text, "details": True}
        found["unique_id"] = message.reference
        if message.webhook_url:
            found["dlr_url"] = message.webhook_url + REPORT_AT
        if self.credentials.get("variant") != "eco":
            sender = message.sender.removeprefix("+")
            short = sender[2:] if sender.startswith("48") and len(sender) == 11 else sender
            found |= {"sender": short if sender.isdecimal() else sender, "utf": bool(costly)}
        elif costly:
            said = f"ECO+ cannot carry {' '.join(costly[:5])}"
            raise Rejected(f"SerwerSMS: {said}; use FULL, or letters without marks.")
        return found

    def send_mms(self, message: Outbound) -> Talk[Answer]:
        file, most = message.media[0], self.credentials.get("max_file_kb") or MOST_KB
        if file.size and file.size > most * 1000:
            said = f"{file.name or 'The file'} is larger than the {most} kB allowed."
            raise Rejected(f"SerwerSMS: {said}", code="exceeds_size_limit")
        answer = yield self.ask("files/add", {"type": "mms", "url": file.url}, sends=False)
        fields = {"phone": message.recipient, "title": self.credentials.get("mms_title") or "MMS"}
        fields |= {"file_id": answer.json()["id"], "text": message.text}
        return (yield self.ask("messages/send_mms", fields))

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("account/limits", {}, sends=False)
        if "items" not in answer.json():
            raise ValueError("no limits")

    def poll(self, waiting: tuple[str, ...]) -> Talk[list[Report]]:
        found = []
        for start in range(0, len(waiting), AT_ONCE):
            asked = {"id": list(waiting[start : start + AT_ONCE]), "limit": AT_ONCE}
            answer = yield self.ask("messages/reports", asked, sends=False)
            for each in answer.json().get("items") or ():
                status, own_id = status_of(field_of(each, "status")), field_of(each, "id")
                if status and own_id:
                    when = field_of(each, "delivered", "sent")
                    found.append(report(status, own_id, field_of(each, "reason"), when))
        return found

    def collect(self, cursor: str) -> Talk[Batch]:
        if not self.credentials.get("asks"):
            return Batch()  # should somebody choose a kind later, it begins then
        place = place_of(cursor)
        begin = moment(place, zone=WARSAW) or datetime.now(WARSAW)
        since = f"{begin.astimezone(WARSAW) - OVERLAP:%Y-%m-%d %H:%M:%S}"
        found, newest = [], place or f"{begin:%Y-%m-%d %H:%M:%S}"
        for kind in self.credentials["asks"].split(", "):
            asked = {"type": kind, "date_from": since, "read": True, "limit": PAGE}
            for page in range(1, 21):
                big = 30_000_000 if kind == "mms" else 1_000_000
                call = self.ask("messages/recived", {**asked, "page": page}, False, max_bytes=big)
                items = (yield call).json()["items"]
                found += [self.received(kind, each) for each in items if field_of(each, "phone")]
                newest = max(newest, *(field_of(each, "recived") for each in items), newest)
                if len(items) < PAGE:
                    break
        return batch(cursor, newest, found)

    def received(self, kind: str, item: Mapping[str, Any]) -> Inbound:
        recipient = polish(field_of(item, "to_number")) or self.credentials.get("own_number") or ""
        if not recipient:
            raise BadCredentials("SerwerSMS does not tell the recipient; enter the Own number.")
        files, raw = read_files(item, ("attachments",))
        text = "\n".join(filter(None, (field_of(item, "title"), field_of(item, "text"))))
        when = moment(field_of(item, "recived"), zone=WARSAW)
        own_id = f"{kind}:{field_of(item, 'id')}"
        return Inbound(
            polish(field_of(item, "phone")), recipient, text, own_id, files, sent_at=when, raw=raw
        )

    def ask(
        self, action: str, fields: dict[str, Any], sends: bool = True, max_bytes: int = 1_000_000
    ) -> Call:
        headers = {}
        if token := self.credentials.get("token"):
            headers["Authorization"] = f"Bearer {token}"
        else:
            fields = {n: self.credentials[n] for n in ("username", "password")} | fields
        how = {"headers": headers, "timeout": 60.0, "sends": sends, "max_bytes": max_bytes}
        return self.call("POST", f"/{action}.json", json=fields, **how)

    def error(self, answer: Answer) -> ProviderError | None:
        found = answer.fields.get("error")
        if not isinstance(found, Mapping):
            return super().error(answer)
        return self.refusal(field_of(found, "code"), field_of(found, "message", "type"))

    def refusal(self, code: str, said: str) -> ProviderError:
        own = f"{code}: {said}" if said else f"code {code}"
        if code in OURS:
            word = "no_credits" if code in NO_CREDITS else ""
            return BadCredentials(f"SerwerSMS: {OURS[code]} ({own}).", code=word)
        word, meaning = THIS.get(code, ("", "it refuses this message"))
        return Rejected(f"SerwerSMS: {meaning} ({own}).", code=word)

    # webhooks

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        found = said(request)
        if is_report(request, found) or not (found or request.body):
            return
        sender = polish(field_of(found, "numer", "z_numeru", "phone", "from"))
        recipient = polish(field_of(found, "na_numer", "ndi", "ndi_number", "to_number", "to"))
        recipient = recipient or self.credentials.get("own_number") or ""
        if not sender or not recipient:
            raise WebhookError("numer or na_numer is missing; compare the address in the panel.")
        text = field_of(found, "wiadomosc", "tresc", "text", "message")
        when = moment(field_of(found, "data", "date", "recived"), zone=WARSAW)
        # message_id and smsid may be what it answers, so they are no ids of its own.
        yield Inbound(sender, recipient, text, field_of(found, "id", "idsms"), sent_at=when)

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        found = said(request)
        if not is_report(request, found):
            return
        own_id = field_of(found, "smsid", "id")
        if not own_id:
            raise WebhookError("A delivery report without the id of its message.")
        if status := status_of(field_of(found, "stan", "status")):
            reason = field_of(found, "przyczyna", "reason")
            yield report(status, own_id, reason, field_of(found, "data", "date"))


def said(request: WebhookRequest) -> dict[str, Any]:
    """The request's parameters, without those in which a tag was not replaced."""
    found = told(request, spare="iso-8859-2")
    return {n: v for n, v in found.items() if not (isinstance(v, str) and v[:1] == "#" == v[-1:])}


def is_report(request: WebhookRequest, found: Mapping[str, Any]) -> bool:
    return request.tail.startswith("dlr") or "stan" in found


def status_of(word: str) -> str:
    """What a word of a report means; "" if it is not known, or no news."""
    word = plain(word).lower()
    return next((status for start, status in STATUSES.items() if word.startswith(start)), "")


def report(status: str, own_id: str, reason: str, when: str) -> Report:
    said = f"SerwerSMS: {REASONS.get(reason, reason) or 'not delivered'}."
    said = said if status == FAILED else ""
    return Report(status, own_id, reason=said, at=moment(when, zone=WARSAW))
