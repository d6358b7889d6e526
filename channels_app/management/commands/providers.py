"""manage.py providers: what each provider can do."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from providers import capabilities


class Command(BaseCommand):
    help = "Lists the providers and what each can do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--json", action="store_true", help="print a JSON array, for programs")
        how.add_argument("--write", action="store_true", help="write docs/providers.md anew")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            place = Path(settings.BASE_DIR) / "docs" / "providers.md"
            place.write_text(capabilities.page())
            self.stderr.write(f"Written: {place}")
        elif options["json"]:
            found = json.dumps(capabilities.every(), indent=2, ensure_ascii=False)
            self.stdout.write(found)
        else:
            for line in _aligned([capabilities.HEADINGS, *capabilities.rows()]):
                self.stdout.write(line)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([cell.ljust(w) for cell, w in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in padded]
