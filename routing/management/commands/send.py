"""manage.py send: queue one message, and wait for what becomes of it if asked.

Prints one line of JSON. The exit code tells a script what it must know: 0 queued, or sent if it
waited; 1 refused or failed; 3 it is not known whether it arrived; 4 still waiting after --timeout.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError

from channels_app.fields import address
from channels_app.models import Number
from routing.desk import Refused
from routing.desk.outside import send
from routing.models import Message

FAILED, UNKNOWN, WAITING = 1, 3, 4  # 2 is for what argparse does not understand
OVER = {
    "sent": {Message.SENT, Message.DELIVERED, Message.READ, Message.FAILED, Message.UNKNOWN},
    "delivered": {Message.DELIVERED, Message.READ, Message.FAILED, Message.UNKNOWN},
}
LOOK = 0.2  # seconds between two looks


class Command(BaseCommand):
    help = "Sends a message from one of our numbers, and prints as JSON what became of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="sender", required=True, help="one of our numbers")
        parser.add_argument("--to", required=True, help="the customer's number")
        parser.add_argument("--text", default="", help="the text; - reads it from standard input")
        parser.add_argument("--file", action="append", default=[], help="a file; may be repeated")
        parser.add_argument("--channel", help="the channel's name, if several have this number")
        parser.add_argument("--bulk", action="store_true", help="let people's answers go first")
        parser.add_argument(
            "--wait",
            nargs="?",
            const="sent",
            choices=sorted(OVER),
            help="until it has left, or until it is delivered",
        )
        parser.add_argument("--timeout", type=float, default=60, help="seconds to wait (60)")

    def handle(self, *args: Any, **options: Any) -> None:
        number = _number(options["sender"], options["channel"])
        text = sys.stdin.read() if options["text"] == "-" else options["text"]
        try:
            with ExitStack() as stack:
                message = send(
                    None,
                    number,
                    options["to"],
                    text,
                    upload=[_opened(stack, path) for path in options["file"]],
                    lane=Message.BULK if options["bulk"] else Message.PERSON,
                    by="The command line",
                )
        except Refused as error:
            raise CommandError(str(error), returncode=FAILED) from None
        over: Sequence[str] = ()
        if options["wait"]:
            over = OVER[options["wait"]]  # type: ignore[assignment]
            _wait(message, over, options["timeout"])
        self.stdout.write(json.dumps(_told(message), ensure_ascii=False))
        if code := _code(message, over):
            sys.exit(code)


def _number(value: str, channel: str | None) -> Number:
    """Raises CommandError unless exactly one of our numbers is meant."""
    found = Number.objects.filter(value__in={value, address(value)}).select_related("channel")
    if channel:
        found = found.filter(channel__name=channel)
    numbers = list(found[:2])
    if not numbers:
        raise CommandError(f"{value} is none of our numbers.")
    if len(numbers) > 1:
        raise CommandError(f"Several channels have {value}: say which by --channel.")
    return numbers[0]


def _opened(stack: ExitStack, path: str) -> File:
    try:
        return File(stack.enter_context(Path(path).open("rb")), Path(path).name)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None


def _wait(message: Message, over: Sequence[str], seconds: float) -> None:
    until = time.monotonic() + seconds
    while message.status not in over and time.monotonic() < until:
        time.sleep(LOOK)
        message.refresh_from_db()


def _code(message: Message, over: Sequence[str]) -> int:
    if message.status == Message.FAILED:
        return FAILED
    if message.status == Message.UNKNOWN:
        return UNKNOWN
    return WAITING if over and message.status not in over else 0


def _told(message: Message) -> dict[str, Any]:
    times = {name: getattr(message, name) for name in ("created_at", "sent_at", "delivered_at")}
    return {
        "id": message.pk,
        "session": message.session_id,
        "channel": message.channel.name,
        "from": message.sender,
        "to": message.recipient,
        "text": message.text,
        "segments": message.segments,
        "status": message.status,
        "reason": message.reason,
        "provider_id": message.provider_id,
        **{name: at.isoformat() if at else None for name, at in times.items()},
    }
