"""E-mail: a mailbox read by IMAP, answers sent by SMTP or a mail service.

``settings`` is what the channel's form holds; ``reading`` with ``html`` and ``bounces`` turns mails
into events, ``writing`` messages into mails; ``mailbox`` and ``post`` talk to the servers, in
threads; ``session`` is the link.
"""

from .session import MailLink
from .settings import SERVICES, Settings

__all__ = ["SERVICES", "MailLink", "Settings"]
