"""Our own certificates, for servers that know their customers by them."""

from __future__ import annotations

import os
import ssl
import tempfile
from functools import lru_cache

from ..errors import BadCredentials
from .exchange import causes

# How a server says that it does not want our certificate, in OpenSSL's words. With TLS 1.3 it says
# so only after the request has left; still it has read nothing of it.
_REFUSALS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


@lru_cache(maxsize=128)
def context_with(pem: str) -> ssl.SSLContext:
    """The TLS settings that show this certificate. Raises BadCredentials if it cannot be read.

    OpenSSL reads keys from files alone, so for that moment there is one that only we can read.
    """
    context = ssl.create_default_context()
    handle, path = tempfile.mkstemp(suffix=".pem")  # readable by us alone
    try:
        with os.fdopen(handle, "w") as file:
            file.write(pem)
        context.load_cert_chain(path, password="")  # without one, it asks on the terminal
    except (ssl.SSLError, OSError, ValueError):
        raise BadCredentials(
            "The certificate or its private key cannot be read, or they do not belong together."
        ) from None  # the cause may name the file
    finally:
        os.unlink(path)
    return context


def certificate_refused(error: BaseException) -> bool:
    """Whether the server ended the connection because of our certificate."""
    for cause in causes(error):
        said = getattr(cause, "reason", None) or ""
        if isinstance(cause, ssl.SSLError) and "ALERT" in said:
            return any(word in said for word in _REFUSALS)
    return False
