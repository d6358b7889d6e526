"""The address a request really comes from, behind proxies that may be believed."""

from __future__ import annotations

import re
from functools import lru_cache

from django.conf import settings

from channels_app.networks import contains


def remote_of(peer: str, forwarded: str) -> str:
    """The caller's IP address: the last in X-Forwarded-For that is not one of TRUSTED_PROXIES.

    Without trusted proxies, or when the peer is none of them, it is the peer: anybody can write
    that header.
    """
    for each in [peer, *(_bare(part.strip()) for part in reversed(forwarded.split(",")))]:
        if not each:
            continue
        if not _trusted(each):
            return each
    return peer


def _bare(written: str) -> str:
    """The address without the port that some proxies write behind it."""
    if found := re.fullmatch(r"\[(.*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+", written):
        return found[1] or found[2]
    return written


@lru_cache(maxsize=1024)
def _trusted(remote: str) -> bool:
    return contains(" ".join(settings.TRUSTED_PROXIES), remote)
