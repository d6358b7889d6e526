"""The words for what can go wrong between Parley and a provider.

Each error says in two facts what to do: whose fault it is, and whether the message may be tried
again. The text of an error is read by an administrator or an agent: it names the provider and what
the provider said.
"""

from __future__ import annotations


class ProviderError(Exception):
    """Anything a provider, or the way to it, can answer instead of yes."""

    #: A short stable word, for statistics and for other systems' doors.
    code: str = "unknown_error"

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        if code:
            self.code = code


class Rejected(ProviderError):
    """No to this message: it failed, and repeating it would not help."""

    code = "send_fail"


class OptedOut(Rejected):
    """The recipient told the provider to stop: it failed, and so will the next one."""

    code = "opted_out"


class BadCredentials(ProviderError):
    """No to us: the message failed, and the channel shows its fault."""

    code = "auth_fail"


class Throttled(ProviderError):
    """Slow down: nothing was sent; tried again after ``after`` seconds (None: we choose).

    With ``recipient`` it concerns this recipient alone, and the channel goes on.
    """

    code = "too_many_request"

    def __init__(
        self, reason: str, *, after: float | None = None, code: str = "", recipient: bool = False
    ) -> None:
        super().__init__(reason, code=code)
        self.after = after
        self.recipient = recipient


class Unavailable(ProviderError):
    """Not reached, or they did nothing: tried again, later each time."""

    code = "service_unavailable"


class Uncertain(ProviderError):
    """The message left us and no answer came: never repeated by us, it might arrive twice."""

    code = "unknown_error"


class WebhookError(ProviderError):
    """A request to a webhook that is not theirs, or not in their form."""

    code = "invalid_webhook_request"
