"""Tells agents of new messages: what an alert says, and how it reaches a browser without a page."""

from __future__ import annotations

from .alerts import Alert, alert_for
from .bell import PUSH, remember, ring, rung
from .keys import public_key
from .sending import push

__all__ = ["PUSH", "Alert", "alert_for", "public_key", "push", "remember", "ring", "rung"]
