"""Questions of many channels, put to the database together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Gathered(Generic[Q, A]):
    """``await gathered(channel, question)``: what gathers while one statement runs goes next.

    ``ask`` takes the questions by channel and returns the answers by channel. A channel asks one
    thing at a time.
    """

    def __init__(self, ask: Callable[[dict[int, Q]], Awaitable[Mapping[int, A]]]) -> None:
        self._ask = ask
        self._open: dict[int, tuple[Q, asyncio.Future[A]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, channel: int, question: Q) -> A:
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._open[channel] = (question, future)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        while self._open:
            asked, self._open = self._open, {}
            try:
                found = await self._ask({pk: question for pk, (question, _) in asked.items()})
            except Exception as error:
                for _, future in asked.values():
                    if not future.done():
                        future.set_exception(error)
                continue
            for pk, (_, future) in asked.items():
                if not future.done():
                    future.set_result(found[pk])
