"""Filled forms of a channel, as the admin's page posts them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from channels_app.models import Channel

ADD = "/admin/channels_app/channel/add/?provider=aspsms"
TOKEN = "0123456789abcdef" * 2


def fields(**changes: Any) -> dict[str, Any]:
    """A filled form of an ASPSMS channel without numbers."""
    return {
        "name": "Swiss SMS",
        "credential_user_key": "KEY123",
        "credential_password": "SECRET99",
        "credential_alphabet": "",
        "credential_time_zone": "Europe/Zurich",
        "token": TOKEN,
        "rate": "2.5",
        "in_flight": "8",
        "numbers-TOTAL_FORMS": "0",
        "numbers-INITIAL_FORMS": "0",
        **changes,
    }


def with_number(value: str, destination: str, **changes: Any) -> dict[str, Any]:
    return fields(
        **{
            "numbers-TOTAL_FORMS": "1",
            "numbers-0-value": value,
            "numbers-0-destination": destination,
            **changes,
        }
    )


def errors(answer: HttpResponse) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


def saved(**changes: Any) -> Channel:
    return Channel.objects.create(
        name="Swiss SMS",
        provider="aspsms",
        credentials={
            "user_key": "KEY123",
            "password": "SECRET99",
            "alphabet": "",
            "time_zone": "Europe/Zurich",
            **changes,
        },
    )


def change_url(channel: Channel) -> str:
    return reverse("admin:channels_app_channel_change", args=[channel.pk])
