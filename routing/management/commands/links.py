"""``manage.py links``: holds the long-lived sessions with providers, and collects."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import uvloop
from django.core.management.base import BaseCommand

from routing.links import House


class Command(BaseCommand):
    help = "Holds sessions with providers (SMPP, modems, mailboxes) and collects, until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run())


async def _run() -> None:
    house = House()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, house.stop)
    await house.run()
