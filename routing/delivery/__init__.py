"""Sends one message, writes down what happened, believes reports."""

from .attempt import Outcome, attempt
from .reports import match_orphans, match_recent_orphans, record
from .settle import settle

__all__ = ["Outcome", "attempt", "match_orphans", "match_recent_orphans", "record", "settle"]
