"""Keeps attachments: stores them, lends them out by link, loads those of customers, cleans up."""

from .keeping import check, clean, receive, store
from .lending import link, own_file, shared_file
from .loading import fetch, fetch_due, pending, reload
from .types import sniff

__all__ = [
    "check",
    "clean",
    "fetch",
    "fetch_due",
    "link",
    "own_file",
    "pending",
    "receive",
    "reload",
    "shared_file",
    "sniff",
    "store",
]
