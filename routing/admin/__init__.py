"""The administrator's door: setting up, and seeing what happens. Django finds it by its name."""

from . import (
    campaigns,
    canned_replies,
    channels,
    doors,
    events,
    exchanges,
    extensions,
    held,
    platforms,
    queues,
    recipients,
    sessions,
    templates,
    tokens,
    users,
    webhooks,
)

__all__ = [
    "campaigns",
    "canned_replies",
    "channels",
    "doors",
    "events",
    "exchanges",
    "extensions",
    "held",
    "platforms",
    "queues",
    "recipients",
    "sessions",
    "templates",
    "tokens",
    "users",
    "webhooks",
]
