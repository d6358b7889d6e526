"""One bound TCP connection: the window, the time-outs, and the questions whether the peer lives.

No task and no timer per PDU: a message costs one future, and one timer a second looks after all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from ...errors import ProviderError, Unavailable, Uncertain
from .pdu import (
    ALERT,
    DATA_SM,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    LAST_SEQUENCE,
    OUTBIND,
    RESPONSE,
    SUBMIT_SM,
    UNBIND,
    Garbage,
    Pdu,
    Splitter,
    pack,
)
from .statuses import INVALID_COMMAND, INVALID_LENGTH, OK, said
from .waiting import Result, Waiting

BIND_SECONDS = 30.0
ANSWER_SECONDS = 60.0  # for a submit_sm; then nobody knows what became of it
QUEUE_SECONDS = 25.0  # for a place in the window; with the answer's time less than an attempt has
UNBIND_SECONDS = 3.0
TICK = 1.0
MOST_UNREAD = 1_000_000  # bytes of ours that a peer may leave unread
LATE_ANSWERS = 1_000  # how many messages are remembered whose answer did not come in time


class Connection(asyncio.Protocol):
    """Speaks SMPP with one peer.

    ``take`` is called with each deliver_sm and data_sm, ``late`` with the reference and the result
    of a message whose answer came after its time, ``note`` with a line for the log. ``lost`` is
    done, with the reason, once the connection is over.
    """

    def __init__(
        self,
        window: int,
        enquire_seconds: float,
        take: Callable[[Connection, Pdu], None],
        late: Callable[[str, Result], None],
        note: Callable[[str, str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._window, self._enquire = window, enquire_seconds
        self._take, self._late, self._note = take, late, note
        self._splitter = Splitter()
        self._sequence = 0
        self._pending: dict[int, Waiting] = {}  # of messages, in the order in which they left
        self._asked: dict[int, Waiting] = {}  # binds, unbinds, enquire_links
        self._queue: deque[Waiting] = deque()  # no place in the window yet: nothing has left
        self._late_answers: dict[int, str] = {}
        self._out: list[bytes] = []
        self._unsent: list[int] = []  # sequences in ``_out``
        self._flushing = False
        self._full = False  # the peer does not read
        self._leaving = False
        self._reason = ""
        self._heard = self._enquired = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    # asking

    @property
    def in_flight(self) -> int:
        """How many messages wait for their answer."""
        return len(self._pending)

    @property
    def usable(self) -> bool:
        """Whether a message may still be submitted."""
        return not (self.lost.done() or self._leaving)

    def submit(self, body: bytes, reference: str = "") -> asyncio.Future[Result]:
        """Send a submit_sm as soon as the window has a place for it; the future of its answer.

        The future raises Unavailable if the message never left, Uncertain if nobody knows.
        """
        answer: asyncio.Future[Result] = self._loop.create_future()
        waiting = Waiting(SUBMIT_SM, body, answer, self._loop.time() + QUEUE_SECONDS, reference)
        if not self.usable:
            answer.set_exception(Unavailable("SMPP: the connection was lost."))
        elif len(self._pending) < self._window and not self._full:
            self._launch(waiting)
        else:
            self._queue.append(waiting)
        return answer

    async def ask(self, command: int, body: bytes = b"", seconds: float = BIND_SECONDS) -> Result:
        """Send a bind or the like; its answer. Raises Unavailable if none comes."""
        if self.lost.done():
            raise Unavailable(f"SMPP: {self.lost.result()}")
        answer: asyncio.Future[Result] = self._loop.create_future()
        waiting = Waiting(command, body, answer, self._loop.time() + seconds, "")
        self._asked[self._write(command, body)] = waiting
        return await answer

    def answer(self, pdu: Pdu, status: int) -> None:
        """Answer a request of the peer."""
        body = b"\0" if pdu.command in (DELIVER_SM, DATA_SM) else b""
        self._send(pack(pdu.command | RESPONSE, pdu.sequence, body, status))

    async def leave(self) -> None:
        """Let what is in flight be answered, unbind, close. Waits a few seconds at most."""
        self._leaving = True
        self._drop_queue("SMPP: the session is being closed.")
        until = self._loop.time() + UNBIND_SECONDS
        while self._pending and self._loop.time() < until and not self.lost.done():
            await asyncio.sleep(0.02)
        if not self.lost.done():
            with suppress(ProviderError):  # it may go without a word, as many do
                await self.ask(UNBIND, seconds=UNBIND_SECONDS)
        self.close("the session was closed")
        await self.lost

    def close(self, reason: str) -> None:
        """Hang up."""
        self._reason = self._reason or reason
        self._flush()
        if self._transport:
            self._transport.close()

    # writing

    def _launch(self, waiting: Waiting) -> None:
        waiting.deadline = self._loop.time() + ANSWER_SECONDS
        sequence = self._write(waiting.command, waiting.body)
        self._pending[sequence] = waiting
        self._unsent.append(sequence)

    def _write(self, command: int, body: bytes) -> int:
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        self._send(pack(command, self._sequence, body))
        return self._sequence

    def _send(self, written: bytes) -> None:
        """What gathers during one turn of the loop leaves together."""
        self._out.append(written)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush, True)

    def _flush(self, scheduled: bool = False) -> None:
        self._flushing = self._flushing and not scheduled
        if self._out and self._transport and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
            self._out.clear()
            self._unsent.clear()

    def _fill(self) -> None:
        """Give free places in the window to those who wait."""
        while self._queue and len(self._pending) < self._window and not self._full:
            waiting = self._queue.popleft()
            if not waiting.answer.done():  # else its sender gave up
                self._launch(waiting)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._fill()

    # reading

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # Whatever lies in the transport's buffer may have left: so it holds as little as possible.
        self._transport.set_write_buffer_limits(high=0)
        self._timer = self._loop.call_later(TICK, self._tick)

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        try:
            for pdu in self._splitter.feed(data):
                self._read(pdu)
            self._flush()  # those that waited for a place in the window need not wait for more
        except Garbage as error:
            self._note("in", f"hung up, as the SMSC sent what is not SMPP: {error}")
            self._send(pack(GENERIC_NACK, 0, status=INVALID_LENGTH))
            self.close(f"the SMSC sent what is not SMPP: {error}")

    def _read(self, pdu: Pdu) -> None:
        if pdu.command & RESPONSE:
            self._answered(pdu)
        elif pdu.command in (DELIVER_SM, DATA_SM):
            self._take(self, pdu)
        elif pdu.command == ENQUIRE_LINK:
            self.answer(pdu, OK)
        elif pdu.command == UNBIND:
            self._unbound(pdu)
        elif pdu.command not in (ALERT, OUTBIND):  # these two want no answer
            self._send(pack(GENERIC_NACK, pdu.sequence, status=INVALID_COMMAND))

    def _answered(self, pdu: Pdu) -> None:
        waiting = self._pending.pop(pdu.sequence, None)
        if waiting is not None:
            if pdu.command == GENERIC_NACK:
                self._note("in", f"generic_nack for a message: {said(pdu.status)}")
            waiting.settle((pdu.status, pdu.body))
            if self._queue:
                self._fill()
        elif (asked := self._asked.pop(pdu.sequence, None)) is not None:
            asked.settle((pdu.status, pdu.body))
        elif reference := self._late_answers.pop(pdu.sequence, ""):
            self._late(reference, (pdu.status, pdu.body))
        elif pdu.command == GENERIC_NACK:
            self._note("in", f"generic_nack without its request: {said(pdu.status)}")

    def _unbound(self, pdu: Pdu) -> None:
        """The peer ends the session: what is in flight may still be answered for a moment."""
        self.answer(pdu, OK)
        self._leaving, self._reason = True, "the SMSC ended the session (unbind)"
        self._drop_queue(f"SMPP: {self._reason}.")
        self._loop.call_later(UNBIND_SECONDS if self._pending else 0.1, self.close, self._reason)

    # time

    def _tick(self) -> None:
        now = self._loop.time()
        self._timer = self._loop.call_later(TICK, self._tick)
        if self._transport and self._transport.get_write_buffer_size() > MOST_UNREAD:
            self._reason = self._reason or "the SMSC does not read what we send"
            self._transport.abort()
            return
        while self._queue and self._queue[0].deadline < now:
            self._queue.popleft().fail(Unavailable("SMPP: the window is full."))
        while self._pending:
            sequence, first = next(iter(self._pending.items()))
            if first.deadline >= now:
                break
            del self._pending[sequence]
            self._remember(sequence, first.reference)
            first.fail(Uncertain("SMPP: the SMSC did not answer the message."))
            self._fill()
        for sequence in [n for n, asked in self._asked.items() if asked.deadline < now]:
            asked = self._asked.pop(sequence)
            asked.fail(Unavailable("SMPP: the SMSC did not answer in time."))
            if asked.command == ENQUIRE_LINK and self._heard < self._enquired:
                self.close("the SMSC does not answer any more (enquire_link)")
        if self._enquire and now - self._enquired >= self._enquire and self.usable:
            self._ask_if_alive(now)

    def _ask_if_alive(self, now: float) -> None:
        self._enquired = now
        answer: asyncio.Future[Result] = self._loop.create_future()
        waiting = Waiting(ENQUIRE_LINK, b"", answer, now + min(self._enquire, BIND_SECONDS), "")
        self._asked[self._write(ENQUIRE_LINK, b"")] = waiting

    def _remember(self, sequence: int, reference: str) -> None:
        if reference:
            self._late_answers[sequence] = reference
            if len(self._late_answers) > LATE_ANSWERS:
                del self._late_answers[next(iter(self._late_answers))]

    # the end

    def connection_lost(self, error: Exception | None) -> None:
        reason = self._reason or (
            f"the connection was lost ({error})" if error else "the SMSC hung up"
        )
        if self._timer:
            self._timer.cancel()
        for sequence in self._unsent:  # still with us
            if waiting := self._pending.pop(sequence, None):
                self._queue.append(waiting)
        self._drop_queue(f"SMPP: {reason}.")
        for waiting in self._pending.values():
            waiting.fail(Uncertain(f"SMPP: {reason} before it answered the message."))
        for waiting in self._asked.values():
            waiting.fail(Unavailable(f"SMPP: {reason}."))
        self._pending.clear()
        self._asked.clear()
        if not self.lost.done():
            self.lost.set_result(reason)

    def _drop_queue(self, reason: str) -> None:
        while self._queue:
            self._queue.popleft().fail(Unavailable(reason))
