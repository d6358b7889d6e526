"""Callbacks that come with a user name and a password, which the portal and the form both hold.

For adapters whose ``Credentials`` have ``callback_user`` and ``callback_password``.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from django import forms

from ..base import Secret, WebhookRequest
from ..errors import WebhookError


def user() -> forms.CharField:
    return forms.CharField(label="User name of the callbacks", required=False)


def password() -> Secret:
    return Secret(
        label="Password of the callbacks",
        required=False,
        help_text="If set, callbacks without this user name and password are refused.",
    )


def authorization(credentials: Mapping[str, Any]) -> dict[str, str]:
    """The header of a callback; {} if neither a user name nor a password is set."""
    user = credentials.get("callback_user") or ""
    password = credentials.get("callback_password") or ""
    if not user and not password:
        return {}
    pair = base64.b64encode(f"{user}:{password}".encode())
    return {"authorization": f"Basic {pair.decode()}"}


def verify(credentials: Mapping[str, Any], request: WebhookRequest) -> None:
    """Raise WebhookError unless the callback names both, as far as they are set."""
    for name, wanted in authorization(credentials).items():
        given = request.headers.get(name, "").encode(errors="replace")
        if not hmac.compare_digest(wanted.encode(), given):
            raise WebhookError("The callback user name or password is missing or wrong.")
