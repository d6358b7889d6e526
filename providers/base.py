"""What a provider is, and the plain objects it trades in.

A provider is one file in ``adapters/`` whose class is called ``Adapter``. It does no I/O: ``send``,
``check_credentials``, ``fetch`` and ``poll`` are generators that yield a :class:`Call`, are handed
its :class:`Answer` (or have the failure raised into them), and return their result. Who carries
the calls is not their business; see ``providers/http/``. Parsers are pure: a request comes in,
plain objects go out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar

from django import forms

from .calls import Answer as Answer
from .calls import Call as Call
from .calls import Talk as Talk
from .calls import Wait as Wait
from .errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable, Uncertain
from .errors import WebhookError as WebhookError
from .links.base import Link as Link
from .messages import DELIVERED as DELIVERED
from .messages import FAILED as FAILED
from .messages import READ as READ
from .messages import SENT as SENT
from .messages import Batch as Batch
from .messages import ChannelFault as ChannelFault
from .messages import Event as Event
from .messages import Filled as Filled
from .messages import Inbound as Inbound
from .messages import Media as Media
from .messages import OptOut as OptOut
from .messages import Outbound as Outbound
from .messages import Report as Report
from .messages import Template as Template
from .webhook import Reply as Reply
from .webhook import WebhookRequest as WebhookRequest


class Secret(forms.CharField):
    """A credential that is never shown again, and cut out of every log."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.PasswordInput(render_value=False))
        kwargs.setdefault("strip", True)
        super().__init__(**kwargs)


@dataclass(frozen=True, slots=True)
class MediaRules:
    """Which files a provider takes: checked before anything is sent.

    ``types`` are MIME types or their first halves ("image/"); empty means any. ``keep_hours`` is
    how long files stay, in both directions. ``sizes`` are limits of some types, tighter than
    ``max_bytes``. ``max_text`` is the longest text beside a file, where it is shorter than without
    one; 0 means none. With ``inline`` the adapter is handed the bytes, not only an address.
    """

    max_bytes: int
    max_files: int = 1
    types: tuple[str, ...] = ()
    keep_hours: int | None = None
    accompanying_text: bool = False  # the channel has a text that is sent along with files
    sizes: tuple[tuple[str, int], ...] = ()
    max_text: int | None = None
    inline: bool = False

    def allows(self, content_type: str) -> bool:
        """Whether a file of this MIME type may be sent."""
        return not self.types or content_type.startswith(self.types)

    def most_bytes(self, content_type: str) -> int:
        """The largest file of this MIME type."""
        found = (most for kind, most in self.sizes if content_type.startswith(kind))
        return min((self.max_bytes, *found))


class Provider:
    """One provider, spoken to with one channel's credentials.

    Subclasses override what their provider has. All they know about the channel comes with the
    constructor: ``credentials`` (the cleaned ``Credentials`` form) and ``api_address``.
    """

    name: ClassVar[str] = ""
    #: Steps for the provider's own portal, shown beside the webhook address, for which
    #: {webhook_url}, {webhook_host} and {webhook_path} may stand. A numbered line is a step; the
    #: lines without a number below it are to be copied as they are.
    setup: ClassVar[str] = ""
    #: The vendor's API address; "" if the provider has none and the form asks for it.
    default_api_address: ClassVar[str] = ""
    #: What the form says of the API address, instead of the usual. None: the form does not ask.
    api_address_help: ClassVar[str | None] = ""
    #: The longest text in characters, only where the provider would silently mangle a longer one.
    max_text: ClassVar[int | None] = None
    #: What ``max_text`` counts: "characters", "utf-16" (units) or "bytes" (of UTF-8).
    text_unit: ClassVar[str] = "characters"
    #: Hours after a customer's last message in which free texts may be sent; None: always. An
    #: adapter may set it for itself, where the credentials decide.
    window_hours: float | None = None
    #: What is possible once the window is closed, in a sentence.
    window_help: ClassVar[str] = ""
    #: Whether we may write to a customer who has not written to us.
    starts: ClassVar[bool] = True
    #: Seconds between two messages to one recipient; 0: no limit but the channel's.
    recipient_interval: ClassVar[float] = 0.0
    #: How many messages to one recipient may go at once before that interval holds.
    recipient_burst: ClassVar[int] = 1
    #: Which files it takes; None: text only.
    media: ClassVar[MediaRules | None] = None
    #: Whether a channel's number may be a name of letters and digits.
    alphanumeric_sender: ClassVar[bool] = False
    #: What a channel's number looks like if it is no phone number: a pattern that all of it must
    #: match, and a sentence that says what to enter.
    own_address: ClassVar[str] = ""
    own_address_help: ClassVar[str] = ""
    #: Prefixes that received numbers carry and Parley removes; suggested for a new channel.
    default_prefixes: ClassVar[str] = ""
    #: Whether delivery reports come; without them the last state is "sent".
    has_reports: ClassVar[bool] = True
    #: Whether ``poll`` asks the provider for delivery reports.
    polls: ClassVar[bool] = False
    #: Seconds between two calls of ``collect``, which gets messages that nobody brings us; 0 for
    #: calls that wait by themselves. None: there is nothing to collect.
    collects_every: ClassVar[float | None] = None
    #: Whether messages go through a long-lived session (``link``), held by the links process.
    linked: ClassVar[bool] = False
    #: Whether the provider exists only inside Parley (the virtual phone).
    virtual: ClassVar[bool] = False
    #: The network of its customers' addresses: "phone" for phone numbers, else its own slug.
    network: ClassVar[str] = "phone"
    #: What to enter as a customer's address, if it is no phone number.
    customer_help: ClassVar[str] = ""
    #: Suggested messages per second, and messages in flight at once.
    default_rate: ClassVar[float] = 1.0
    default_in_flight: ClassVar[int] = 32
    #: What an unreadable request is answered with, once it is kept for the administrator.
    unreadable_status: ClassVar[int] = 400

    class Credentials(forms.Form):
        """The provider's own fields: validated, encrypted, shown in the channel's first tab."""

    def __init__(self, credentials: Mapping[str, Any], api_address: str = "") -> None:
        self.credentials = credentials
        self.api_address = (api_address or self.default_api_address).rstrip("/")

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """The names of the credentials that must never be shown."""
        return tuple(n for n, f in cls.Credentials.base_fields.items() if isinstance(f, Secret))

    @classmethod
    def customer_address(cls, typed: str) -> str:
        """A customer's address as webhooks bring it, from what a person typed.

        Asked only of networks other than "phone". Raises ValueError with a sentence for the agent.
        """
        return typed.strip()

    @classmethod
    def disguises(cls, credentials: Mapping[str, Any]) -> tuple[str, ...]:
        """Other forms in which secrets travel, such as a hash: cut out of logs like themselves."""
        return ()

    # sending

    def send(self, message: Outbound) -> Talk[str | list[str]]:
        """Send one message; return the provider's id, "" if it has none, a list if several.

        Raises the errors of ``errors.py``, or lets the carrier raise them.
        """
        raise Rejected(f"{self.name} cannot send messages.")
        yield

    def check_credentials(self) -> Talk[None]:
        """Ask the provider whether our credentials are good, without sending. Raises if not."""
        raise Unavailable(f"{self.name} offers no way to check the credentials without sending.")
        yield

    def fetch(self, media: Media) -> Talk[bytes]:
        """Get a file that needs our credentials."""
        answer = yield Call("GET", media.url, sends=False)
        return answer.body

    def poll(self, waiting: tuple[str, ...]) -> Talk[list[Report]]:
        """Ask for reports. ``waiting`` are provider ids, or references, without a final one."""
        return []
        yield

    def collect(self, cursor: str) -> Talk[Batch]:
        """Get what customers wrote since ``cursor`` ("" at first), for ``collects_every``."""
        return Batch(cursor=cursor)
        yield

    def confirm(self, names: tuple[str, ...]) -> Talk[None]:
        """Tell the provider that the events of a batch with these ``confirm`` names are stored."""
        return None
        yield

    def templates(self) -> Talk[list[Template]]:
        """All templates of the account. Overriding it says that the provider has templates."""
        return []
        yield

    def connect(self, webhook_url: str) -> Talk[str]:
        """Register the webhook at the provider; return what was done, in a sentence.

        Overriding it says that the provider can be told by its API where to call.
        """
        raise Unavailable(f"Enter the webhook address in {self.name}'s portal.")
        yield

    def profile(self, customer: str) -> Talk[str]:
        """The customer's name, for networks that do not send it along. "" if there is none."""
        return ""
        yield

    def link(self) -> Link:
        """The long-lived session of this channel, not yet opened; for ``linked`` providers."""
        raise NotImplementedError

    # webhooks: verify, then every parser sees every request

    def verify_webhook(self, request: WebhookRequest) -> None:
        """Raise WebhookError unless the request is theirs. The secret address is always checked."""

    def signature(self, request: WebhookRequest) -> Mapping[str, str]:
        """The headers with which the provider would sign this request, if we can know them.

        Only for playing recorded requests again; {} if nobody but the provider can sign.
        """
        return {}

    def challenge(self, request: WebhookRequest) -> str | None:
        """The text to echo if this request only tests a new address, else None."""
        return None

    def parse_inbound(self, request: WebhookRequest) -> Iterable[Inbound]:
        """The messages in the request; nothing if it is about something else.

        Raises WebhookError if it cannot be read.
        """
        return ()

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        """The delivery reports in the request; nothing if it is about something else."""
        return ()

    def parse_other(self, request: WebhookRequest) -> Iterable[OptOut | ChannelFault]:
        """Opt-outs and channel faults in the request."""
        return ()

    def parse(self, request: WebhookRequest) -> list[Event]:
        """All that the request says. Raises WebhookError if it cannot be read."""
        return [
            *self.parse_inbound(request),
            *self.parse_status(request),
            *self.parse_other(request),
        ]

    def answer(self, request: WebhookRequest) -> Reply:
        """What the provider wants to read back once all is stored."""
        return Reply()


class HttpProvider(Provider):
    """A provider with an HTTP API: builds calls against its address and sorts its errors."""

    #: What to look at when it answers 404, where the address and not the message is to blame.
    not_found: ClassVar[str] = ""

    def call(self, method: str, path: str, **kwargs: Any) -> Call:
        """A call to ``path`` under the API address (or to a full address)."""
        url = path if "://" in path else self.api_address + path
        return Call(method, url, judge=self.error, **kwargs)

    def error(self, answer: Answer) -> ProviderError | None:
        """The error an answer stands for, by its HTTP status; None if it is a success."""
        status = answer.status
        if status < 300:
            return None
        said = f"{self.name}: {self.reason(answer)}"
        if status < 400:
            return Rejected(f"{self.name} answers with a redirect; check the API address.")
        if status in (401, 403):
            return BadCredentials(said)
        if status == 402:
            return BadCredentials(said, code="no_credits")
        if status == 404 and self.not_found:
            return BadCredentials(f"{said}; {self.not_found}")
        if status == 429:
            return Throttled(said, after=retry_after(answer))
        if status == 503:
            return Unavailable(said)
        if status >= 500:
            return self.server_error(answer, said)
        return Rejected(said)

    def server_error(self, answer: Answer, said: str) -> ProviderError:
        """What a 5xx other than 503 means. Unless a provider promises more, nobody knows."""
        return Uncertain(said)

    def reason(self, answer: Answer) -> str:
        """The provider's own words for a failure, short."""
        return f"HTTP {answer.status} {answer.text.strip()[:200]}".strip()


def retry_after(answer: Answer) -> float | None:
    """Seconds from a Retry-After header of either form, else None."""
    value = answer.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
        now = parsedate_to_datetime(answer.headers["date"]) if "date" in answer.headers else None
        return max(0.0, (when - (now or datetime.now(when.tzinfo))).total_seconds())
    except (TypeError, ValueError):
        return None
