"""The HTTP profile: a provider that an administrator describes in the form, without any code.

Longer than most: it is all providers with a plain HTTP API at once. What can be told stands in
``_http_form.py``, the language of its rules in ``_rules.py``, of its paths in ``_tree.py``, and
how a message becomes a request in ``_http_call.py``.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..base import (
    FAILED,
    Answer,
    HttpProvider,
    Inbound,
    Outbound,
    Reply,
    Report,
    Talk,
    WebhookRequest,
    retry_after,
)
from ..errors import (
    BadCredentials,
    OptedOut,
    ProviderError,
    Rejected,
    Throttled,
    Unavailable,
    Uncertain,
    WebhookError,
)
from ..reading import e164, moment
from . import _http_call as build
from . import _params, _tree
from ._http_checks import REPORTS
from ._http_form import HttpForm
from ._rules import Seen, condition, pairs, place

CODES = {"number": "invalid_phone_number", "sender": "invalid_did_number"}
DATES = ("%d.%m.%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S")


class Adapter(HttpProvider):
    name = "HTTP profile"
    alphanumeric_sender = True
    setup = """1. From the provider's documentation, copy into the fields here where messages are \
sent to, which fields it wants, and how its answers look.
2. At the provider, enter this address for received messages and for delivery reports:
{webhook_url}
3. Fill in how these requests look; the log of exchanges shows what really comes."""

    class Credentials(HttpForm):
        pass

    @classmethod
    def disguises(cls, credentials: Mapping[str, Any]) -> tuple[str, ...]:
        return (build.password_of(credentials),)

    def told(self, field: str) -> str:
        """What the administrator entered; "" if nothing."""
        return str(self.credentials.get(field) or "")

    # sending

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        content = self.told("xml" if self.told("body") == "xml" else "fields_sent")
        if not (self.told("send_url") and self.told("success") and content):
            raise BadCredentials(
                f"{self.name}: the channel does not say yet how to send. Enter the address for "
                "sending, the fields, and how an answer looks when the message was sent."
            )
        words = build.words_of(self.credentials, message)
        answer = yield self.request("send_url", words, content)
        seen = self.seen(answer)
        ids = place(self.told("id_at"))(seen) if self.told("id_at") else []
        return ids if len(ids) > 1 else "".join(ids)

    def check_credentials(self) -> Talk[None]:
        if not self.told("check_url"):
            raise Unavailable(
                f"{self.name} has no address for checking, so only a message can show whether the "
                "settings are right."
            )
        words = build.words_of(self.credentials, None)
        yield self.request("check_url", words, self.told("check_fields"), sends=False)

    def request(self, field: str, words: dict[str, str], content: str, sends: bool = True) -> Any:
        url = build.filled_url(self.told(field), words)
        if "://" not in url and not self.api_address:
            raise BadCredentials(f"{self.name}: {url!r} is a path, but there is no API address.")
        url = url if "://" in url else self.api_address + url
        success = self.told("success") if sends else self.told("check_success")

        def judge(answer: Answer) -> ProviderError | None:
            return self.verdict(self.seen(answer), answer, success or "status 200-299")

        return build.call(self.credentials, url, words, content, sends=sends, judge=judge)

    def seen(self, answer: Answer) -> Seen:
        charset = self.told("charset") or "utf-8"
        return Seen(answer.body, answer.status, charset, answer.headers)

    def verdict(self, seen: Seen, answer: Answer, success: str) -> ProviderError | None:
        """The administrator's rules about refusals, then the one for success, then the status."""
        reasons = place(self.told("reason_at"))(seen) if self.told("reason_at") else []
        status = "" if seen.status < 300 else f"HTTP {seen.status} "
        said = " ".join(reasons) or f"{status}{seen.text[:200] or '(nothing)'}"
        for outcome, rule in pairs(self.told("errors_sorted"), ":"):
            if condition(rule)(seen):
                return sorted_error(outcome, f"{self.name}: {said}", answer)
        if condition(success)(seen):
            return None
        if error := self.error(answer):
            return error
        return Uncertain(f"{self.name} answers what no rule knows: {said}")

    # receiving

    def verify_webhook(self, request: WebhookRequest) -> None:
        kind, name = self.told("signature"), self.told("signature_name")
        secret = self.told("signature_secret").encode()
        if not kind:
            return
        given, wanted = request.headers.get(name.lower(), "").strip(), [secret]
        if kind.startswith("hmac-"):
            digest = hmac.new(secret, request.body, kind.removeprefix("hmac-")).digest()
            given = given.rpartition("=")[2] if given.startswith(kind[5:] + "=") else given
            wanted = [digest.hex().encode(), base64.b64encode(digest)]
            given = given.lower() if len(given) == 2 * len(digest) else given
        elif kind == "field":
            given = _tree.first(self.fields(request), name)
        elif kind == "basic":
            given = request.headers.get("authorization", "").strip().partition(" ")[2]
            wanted = [base64.b64encode(name.encode() + b":" + secret)]
        said = given.encode(errors="replace")
        if not any(hmac.compare_digest(said, each) for each in wanted):
            raise WebhookError("The request does not prove itself as the channel asks; compare it.")

    def fields(self, request: WebhookRequest) -> Any:
        """The parameters of the query and of the body, or the body's tree with the query in it."""
        body = request.body.lstrip(b"\xef\xbb\xbf \t\r\n")
        spare = self.told("received_charset") or "latin-1"
        if body[:1] == b"[":
            request.items  # noqa: B018 (raises what is wrong with it)
        if body[:1] not in (b"<", b"["):
            return _params.told(request, spare=spare)
        found = _tree.tree(body)
        if not found:
            raise WebhookError("The body is not XML that can be read.")
        return {**request.query, **found} if isinstance(found, dict) else found

    def entries(self, request: WebhookRequest, listed: dict[str, str]) -> Iterator[Any]:
        """Each message, or report, of the request: its fields."""
        found = self.fields(request)
        if path := listed.get("list", ""):
            for branch in _tree.branches(found, path):
                yield from branch if isinstance(branch, list) else [branch]
        elif isinstance(found, list):
            yield from found
        elif found:
            yield found

    def is_report(self, entry: Any, reports: dict[str, str]) -> bool:
        if not reports:
            return False
        if rule := self.told("report_when"):
            return condition(rule)(Seen(given=entry))
        return bool(_tree.first(entry, reports["status"]))

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        listed, reports = dict(pairs(self.told("received"))), dict(pairs(self.told("reports")))
        for entry in self.entries(request, listed):
            if self.is_report(entry, reports):
                continue
            if not listed:
                raise WebhookError("The channel does not say yet how received messages look.")
            told = {name: _tree.first(entry, path) for name, path in listed.items()}
            sender = self.number(told.get("sender", ""))
            recipient = self.number(told.get("recipient", "") or self.told("own_number"))
            if not sender or not recipient:
                which = "sender" if not sender else "recipient (or an own number)"
                raise WebhookError(f"There is no {which} in the request; compare the fields.")
            if not any(True for path in [listed["text"]] for _ in self.there(entry, path)):
                raise WebhookError("There is no text in the request; compare the fields.")
            yield Inbound(
                sender,
                recipient,
                told.get("text", ""),
                provider_id=told.get("id", ""),
                sent_at=self.time(told.get("time", "")),
                name=told.get("name", ""),
            )

    def there(self, entry: Any, paths: str) -> Iterator[Any]:
        """What stands at any of the paths, empty texts as well."""
        for path in paths.split("|"):
            yield from _tree.branches(entry, path.strip())

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        listed = dict(pairs(self.told("reports")))
        if not listed:
            return
        known = {name.lower(): REPORTS[word] for name, word in pairs(self.told("report_words"))}
        for entry in self.entries(request, listed):
            if not self.is_report(entry, listed):
                continue
            told = {name: _tree.first(entry, path) for name, path in listed.items()}
            word, names = told.get("status", ""), (told.get("id", ""), told.get("reference", ""))
            if not any(names):
                raise WebhookError("The report names no message; compare the fields of reports.")
            if word.lower() not in known:
                raise WebhookError(f"{word!r} is not among the words of reports.")
            if status := known[word.lower()]:
                said = f"{self.name}: {told.get('reason') or word}." if status == FAILED else ""
                yield Report(status, *names, said, self.time(told.get("time", "")))

    def number(self, text: str) -> str:
        """A received number as E.164; one without a country code gets the channel's."""
        text, country = text.strip(), self.told("country_code")
        digits = "".join(c for c in text if c in "0123456789")
        national = self.told("number_format") == "national" and not text.startswith(("+", "00"))
        if country and national and text[-1:].isdigit() and 6 < len(digits) < 11:
            return f"+{country}{digits.lstrip('0')}"
        return e164(text)

    def time(self, text: str) -> datetime | None:
        zone = ZoneInfo(self.told("time_zone") or "UTC")
        if text.isdecimal() and text.isascii() and len(text) in (10, 13):
            return datetime.fromtimestamp(int(text[:10]), UTC)
        return moment(text, zone=zone, forms=DATES)

    def answer(self, request: WebhookRequest) -> Reply:
        kind = self.told("reply_type") or "text/plain"
        return Reply(self.told("reply"), f"{kind}; charset=utf-8")


def sorted_error(outcome: str, said: str, answer: Answer) -> ProviderError:
    """The error that an outcome of the administrator's list stands for."""
    if outcome in ("credentials", "credit"):
        return BadCredentials(said)
    if outcome == "throttled":
        return Throttled(said, after=retry_after(answer))
    kind = {"temporary": Unavailable, "unknown": Uncertain, "opted-out": OptedOut}
    return kind.get(outcome, Rejected)(said, code=CODES.get(outcome, ""))
