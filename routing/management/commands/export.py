"""manage.py export: print the configuration, in the form that apply reads."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from routing import setup


class Command(BaseCommand):
    help = "Prints the whole configuration as YAML, in the form that apply reads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--with-secrets",
            action="store_true",
            help="include credentials, platforms' secrets, webhook addresses, password hashes",
        )

    def handle(self, *args: Any, with_secrets: bool, **options: Any) -> None:
        self.stdout.write(setup.export(with_secrets=with_secrets), ending="")
