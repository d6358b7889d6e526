"""Which addresses we may send requests to: public ones, unless private ones are allowed."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit


class ForbiddenAddress(OSError):
    """The name leads to an address inside a private network."""


def check_address(address: str) -> None:
    """Raise ForbiddenAddress unless this IP address is a public one."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if not hidden and ip in ipaddress.ip_network("64:ff9b::/96"):
            hidden = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        ip = hidden or ip
    if not ip.is_global or ip.is_multicast:
        raise ForbiddenAddress(f"{address} is a private address, which is not allowed")


def check_url(url: str, *, allow_private: bool, unknown_passes: bool = False) -> None:
    """Raise ValueError, in an administrator's words, unless we may send requests to this URL.

    Looks the host's name up. The carriers check again when they connect: so with ``unknown_passes``
    a name that cannot be looked up here and now is let through.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ValueError(f"{url!r} is not a valid address: {error}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not an http:// or https:// address.")
    if allow_private:
        return
    try:
        for found in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM):
            check_address(str(found[4][0]))
    except ForbiddenAddress as error:
        raise ValueError(f"{parts.hostname} is refused: {error}.") from None
    except OSError:
        if not unknown_passes:
            raise ValueError(f"The name {parts.hostname} cannot be found.") from None
