"""manage.py apply FILE: configure Parley by a file."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing import setup


class Command(BaseCommand):
    help = "Creates and updates what a YAML file names, and prints the outcome as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a YAML file; - reads standard input")
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would change, and change nothing"
        )

    def handle(self, *args: Any, file: str, dry_run: bool, **options: Any) -> None:
        try:
            outcome = setup.apply(_read(file), dry_run=dry_run)
        except setup.NotApplied as error:
            count = len(error.mistakes)
            found = "a mistake" if count == 1 else f"{count} mistakes"
            lines = "".join(f"\n  {each}" for each in error.mistakes)
            raise CommandError(f"{file} has {found}; nothing was applied.{lines}") from None
        for warning in outcome.warnings:
            self.stderr.write(f"Warning: {warning}")
        for change in outcome.changes:
            self.stderr.write(("Would be: " if dry_run else "") + str(change))
        if not outcome.changes:
            self.stderr.write("Nothing to change.")
        self.stdout.write(json.dumps(outcome.as_dict(), indent=2, ensure_ascii=False))


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CommandError(f"{file} is not UTF-8 text: see line {line}.") from None
