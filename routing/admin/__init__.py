"""The administrator's door: setting up, and seeing what happens. Django finds it by its name."""

from . import (
    canned_replies,
    channels,
    doors,
    events,
    exchanges,
    extensions,
    held,
    platforms,
    queues,
    sessions,
    templates,
    users,
)

__all__ = [
    "canned_replies",
    "channels",
    "doors",
    "events",
    "exchanges",
    "extensions",
    "held",
    "platforms",
    "queues",
    "sessions",
    "templates",
    "users",
]
