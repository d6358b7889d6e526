"""The virtual phone dressed up as a chat network: with a window, templates, ids for addresses."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.models import Channel, Template
from providers.adapters.sandbox import Adapter as Sandbox

HELP = "Send a template."


def dress_up(monkeypatch: pytest.MonkeyPatch, **features: Any) -> type[Sandbox]:
    """Give the virtual phone these features for one test: attributes, or methods."""
    chat = {"network": "chat", "window_hours": 24.0, "window_help": HELP, "has_reports": True}
    for name, value in {**chat, **features}.items():
        monkeypatch.setattr(Sandbox, name, value, raising=False)
    return Sandbox


def template(channel: Channel, **fields: Any) -> Template:
    """A usable template with two variables."""
    fields = {
        "name": "appointment",
        "language": "en",
        "body": "Hello {{1}}, see you on {{2}}.",
        "variables": ["1", "2"],
        **fields,
    }
    return Template.objects.create(channel=channel, **fields)
