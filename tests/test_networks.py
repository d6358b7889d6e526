"""Lists of addresses: IPv4, IPv6, and IPv4 written as IPv6, on either side."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from channels_app.networks import contains, validate_networks


@pytest.mark.parametrize(
    ("listed", "remote", "found"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.0/24, 2001:db8::/32", "192.0.2.200", True),
        ("192.0.2.0/24 2001:db8::/32", "2001:db8::1", True),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.0/120", "192.0.2.9", True),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("2001:db8::/32", "192.0.2.1", False),
        ("192.0.2.0/24", "", False),
        ("192.0.2.0/24", "nonsense", False),
        ("", "192.0.2.1", False),
    ],
)
def test_an_address_is_found_in_a_list(listed: str, remote: str, found: bool) -> None:
    assert contains(listed, remote) is found


def test_what_is_no_network_is_named() -> None:
    validate_networks("192.0.2.0/24, ::1")
    with pytest.raises(ValidationError, match=r"192\.0\.2\.300"):
        validate_networks("192.0.2.1, 192.0.2.300")
