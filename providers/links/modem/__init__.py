"""GSM modems: by AT commands in PDU mode, or through gammu's daemon, a program of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Link
from .gammu import GammuLink
from .link import ModemLink
from .settings import GAMMU, Settings


def link_of(credentials: Mapping[str, Any]) -> Link:
    """The link that a channel's credentials describe."""
    settings = Settings.of(credentials)
    return GammuLink(settings) if settings.connection == GAMMU else ModemLink(settings)
