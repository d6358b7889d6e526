"""Lists of IP addresses and networks, as administrators write them."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from django.core.exceptions import ValidationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@lru_cache(maxsize=4096)
def _network(word: str) -> Network:
    found = ipaddress.ip_network(word, strict=False)
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        last = ipaddress.IPv4Address(int(found.network_address) & 0xFFFF_FFFF)
        return ipaddress.IPv4Network((last, found.prefixlen - 96), strict=False)
    return found


def _words(listed: str) -> list[str]:
    return listed.replace(",", " ").split()


def validate_networks(value: str) -> None:
    """Raise ValidationError unless the text lists IP addresses or networks."""
    for word in _words(value):
        try:
            _network(word)
        except ValueError:
            raise ValidationError(f"{word!r} is neither an IP address nor a network.") from None


def contains(listed: str, remote: str) -> bool:
    """Whether this IP address is in the list. IPv4 written as IPv6 counts as IPv4."""
    try:
        found = _network(remote).network_address
    except ValueError:
        return False
    return any(found in _network(word) for word in _words(listed))
