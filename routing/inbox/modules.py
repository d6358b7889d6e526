"""Which script modules a page loads."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders

_IMPORT = re.compile(r"""^import\s(?:[^'"]*?\sfrom\s)?["'](\./[^'"]+)["']""", re.M)


def imported_by(path: str) -> tuple[str, ...]:
    """The static paths of all modules that this one imports, and those import, without itself."""
    return _closure(path) if not settings.DEBUG else _closure.__wrapped__(path)


@cache
def _closure(path: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    ahead = [path]
    while ahead:
        this = ahead.pop(0)
        file = finders.find(this)
        for name in _IMPORT.findall(Path(file).read_text("utf-8")) if file else ():
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(this), name))
            if wanted not in found and wanted != path:
                found[wanted] = None
                ahead.append(wanted)
    return tuple(found)
