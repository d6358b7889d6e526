"""``python -m bench``: measure, print the tables, and with --write keep them in the document."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from pathlib import Path

from .cluster import NoPostgres
from .machine import describe
from .rig import ROOT, Rig, Wrong
from .table import table, write

SECTIONS = ("inbound", "outbound", "rates", "fairness", "events", "list", "screen", "smpp")
DOCUMENT = ROOT / "docs" / "performance.md"


def main() -> int:
    asked = _arguments()
    if asked.what == "profile":
        return _profile(asked.of, quick=asked.quick)
    failed = False
    with Rig(quick=asked.quick) as rig:
        machine = describe(rig.folder, rig.server.version)
        print(machine, flush=True)
        _keep(asked, "machine", machine)
        for name in asked.only:
            print(f"\n## {name}\n", flush=True)
            try:
                rows = importlib.import_module(f"bench.{MODULES.get(name, name)}").run(rig)
            except Wrong as wrong:
                failed = True
                print(f"Not measured, as it was not right: {wrong}", flush=True)
                continue
            print(table(rows), flush=True)
            _keep(asked, name, table(rows))
    return int(failed)


MODULES = {"list": "pages"}


def _keep(asked: argparse.Namespace, name: str, text: str) -> None:
    if asked.write:
        write(Path(DOCUMENT), name, text)


def _profile(of: str, *, quick: bool) -> int:
    with Rig(quick=quick) as rig:
        importlib.import_module("bench.profile").run(rig, of)
    return 0


def _sections(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := set(chosen) - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not a section")
    return [name for name in SECTIONS if name in chosen]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m bench",
        description="Measures Parley on a PostgreSQL cluster of its own, or with DATABASE_URL in "
        "databases of its own on that server.",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: does the bench work?")
    parser.add_argument(
        "--only", type=_sections, default=list(SECTIONS), help=f"some of {','.join(SECTIONS)}"
    )
    parser.add_argument("--write", action="store_true", help="keep the tables in the document")
    actions = parser.add_subparsers(dest="what")
    profile = actions.add_parser("profile", help="show where the time goes (needs py-spy)")
    profile.add_argument("of", choices=["inbound", "outbound", "list"])
    asked = parser.parse_args()
    if asked.quick and asked.write:
        parser.error("quick figures are not worth keeping")
    return asked


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is ended and removed
    try:
        sys.exit(main())
    except NoPostgres as missing:
        sys.exit(str(missing))
