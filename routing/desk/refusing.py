"""What is refused."""

from __future__ import annotations


class Refused(Exception):
    """It cannot be done; the text tells the agent why."""
