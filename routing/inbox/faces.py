"""Round pictures of people who have none: letters on a tone."""

from __future__ import annotations

import re
from typing import Any

TONES = 8


def initials(name: Any) -> str:
    """One or two letters for a round picture; of a number its last two digits."""
    text = str(name).strip()
    words = re.findall(r"[^\W\d_]+", text)
    if words and not text.startswith("+"):
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return re.sub(r"\D", "", text)[-2:] or "?"


def tone(key: int | None) -> int:
    """One of the stylesheet's tones, the same for the same key."""
    return (key or 0) * 5 % TONES
