"""A Redis that failed is left alone for a moment, so that it does not slow every request down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import redis

R = TypeVar("R")


class Pausing:
    """Asks Redis unless it failed in the last ``seconds``. What it serves must do without it.

    ``loss`` is logged with the failure: what is not done now. ``errors`` count as failures, besides
    those of Redis and of the network.
    """

    def __init__(
        self,
        log: logging.Logger,
        loss: str,
        seconds: float,
        errors: tuple[type[Exception], ...] = (),
    ) -> None:
        self._log, self._loss, self._seconds = log, loss, seconds
        self._errors = (redis.RedisError, OSError, *errors)
        self._until = 0.0

    def ask(self, question: Callable[[], R], otherwise: R) -> R:
        """The answer, or ``otherwise`` while Redis is not asked. Never raises one of ``errors``."""
        if monotonic() < self._until:
            return otherwise
        try:
            return question()
        except self._errors as error:
            self._until = monotonic() + self._seconds
            self._log.warning("%s: %s", self._loss, error)
            return otherwise

    def forget(self) -> None:
        """Ask again at once."""
        self._until = 0.0
