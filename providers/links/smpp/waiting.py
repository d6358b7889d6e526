"""A request of ours that waits: for its place in the window, then for its answer."""

from __future__ import annotations

import asyncio

from ...errors import ProviderError
from .pdu import ENQUIRE_LINK

#: A status and the body that came with it.
Result = tuple[int, bytes]


class Waiting:
    """A PDU of ours and the future of its answer, up to a time of the loop's clock."""

    __slots__ = ("answer", "body", "command", "deadline", "reference")

    def __init__(
        self,
        command: int,
        body: bytes,
        answer: asyncio.Future[Result],
        deadline: float,
        reference: str = "",
    ) -> None:
        self.command, self.body, self.answer = command, body, answer
        self.deadline, self.reference = deadline, reference

    def settle(self, result: Result) -> None:
        """The answer came."""
        if not self.answer.done():  # else its sender gave up
            self.answer.set_result(result)

    def fail(self, error: ProviderError) -> None:
        """No answer will come."""
        if self.answer.done():
            return
        self.answer.set_exception(error)
        if self.command == ENQUIRE_LINK:
            self.answer.exception()  # nobody waits for it
