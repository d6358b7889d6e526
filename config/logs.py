"""Keeps the secret parts of addresses out of the log."""

from __future__ import annotations

import logging
import re

# A webhook's token, the signed token of a file's link, a secret in a query, a script's password.
_SECRET = re.compile(
    r"(/webhook/[a-z0-9_-]+/|/incoming/[a-z0-9_/-]+?/|[?&]secret=)[0-9a-f]{32}|(/files/)[^/\s]{12,}"
    r"|([?&](?i:password|ozmsUserInfo|access_token)=)[^&\s]+"
)


class HideTokens(logging.Filter):
    """Replaces the tokens in a record's message; never drops a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        hidden = _SECRET.sub(lambda found: f"{found[1] or found[2] or found[3]}•••", said)
        if hidden != said:
            record.msg, record.args = hidden, None
        return True
