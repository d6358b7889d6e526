"""SMPP 3.4: the session with a mobile operator's message centre (SMSC).

From the wire up: ``pdu`` (the codec, our own: small, and every library hides a status that people
must see), ``statuses``, ``alphabets``; ``outgoing`` writes messages, ``receipts``, ``joining`` and
``receiving`` read what comes; ``connection`` is one bound TCP connection, ``dialling`` opens it,
``session`` is the link.
"""

from .session import SmppLink
from .settings import Settings

__all__ = ["Settings", "SmppLink"]
