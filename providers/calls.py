"""What an adapter asks of the network, and what comes back, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import ProviderError
from .reading import parse_json


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request that an adapter wants carried.

    At most one of ``json``, ``form`` and ``body`` is set. ``judge`` turns an answer into the error
    it stands for, or None; the carrier raises it at the adapter's ``yield``. ``sends`` is False for
    a call after whose loss nothing can have been sent (a log-in, a status question, a fetch): such
    a loss is Unavailable and not Uncertain.
    """

    method: str
    url: str
    json: Any = None
    form: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None
    body: bytes | None = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    #: Ours, with its private key, as PEM, where the server asks for one. Never shown or logged.
    certificate: str = field(default="", repr=False)
    timeout: float = 30.0  # seconds, for the whole exchange
    max_bytes: int = 1_000_000  # a longer answer is cut off and counts as an error
    sends: bool = True
    hidden: bool = False  # a good answer holds a secret (a token): it is never logged
    judge: Callable[[Answer], ProviderError | None] | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause of so many seconds, for a virtual provider that plays a slow one."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers with lower-case names, and the body's bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 become replacement characters."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ValueError if it is not JSON."""
        return parse_json(self.body)

    @property
    def fields(self) -> dict[str, Any]:
        """The body as a JSON object; empty if it is anything else."""
        try:
            found = self.json()
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


R = TypeVar("R")
#: A conversation with a provider: yields calls, is sent answers, returns its result.
Talk = Generator["Call | Wait", Answer, R]
