"""How much script the inbox brings to a browser."""

from __future__ import annotations

import gzip
from pathlib import Path

from django.contrib.staticfiles import finders

from routing.inbox import modules

BUDGET = 200 * 1024  # bytes on the line
LATER = ("inbox/segments.js", "inbox/offline.js")  # loaded when they are needed


def test_the_script_stays_within_its_budget() -> None:
    inbox = ("inbox/inbox.js", *modules.imported_by("inbox/inbox.js"))
    paths = ("django_htmx/htmx-2.min.js", *inbox, *LATER)
    sizes = {path: len(gzip.compress(Path(str(finders.find(path))).read_bytes())) for path in paths}
    assert len(sizes) > 20
    assert sum(sizes.values()) < BUDGET, sizes
