"""The check of a host's name, where port and encryption have fields of their own."""

from __future__ import annotations

import re
from ipaddress import ip_address

from django.core.exceptions import ValidationError


def check_host(host: str) -> None:
    """Raise ValidationError unless this is a host's name or IP address, and nothing more."""
    if re.fullmatch(r"[\w.-]{1,253}", host):
        return
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        raise ValidationError("Enter the name or IP address alone, without a port.") from None
