"""Keeps attachments: stores them, lends them out by link, loads those of customers, cleans up."""

from .handing_in import handed_in
from .keeping import arrived, attach, check, clean, drop, staged
from .lending import link, own_file, serve, shared_file
from .loading import download, fetch, fetch_due, pending, reload
from .types import sniff
from .uploads import keep_upload

__all__ = [
    "arrived",
    "attach",
    "check",
    "clean",
    "download",
    "drop",
    "fetch",
    "fetch_due",
    "handed_in",
    "keep_upload",
    "link",
    "own_file",
    "pending",
    "reload",
    "serve",
    "shared_file",
    "sniff",
    "staged",
]
