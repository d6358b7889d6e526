"""The administrator's door: setting up, and seeing what happens. Django finds it by its name."""

from . import (
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
