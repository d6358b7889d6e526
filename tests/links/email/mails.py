"""Mails as customers and mail systems write them."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count

from django.utils import timezone

OURS, CUSTOMER = "support@example.com", "anna@customer.example"
_numbers = count(1)


def mail(text: str = "Good morning", **headers: str) -> EmailMessage:
    """A customer's mail; ``headers`` as in_reply_to="<...>"."""
    made = EmailMessage()
    fields = {
        "From": f"Anna Muster <{CUSTOMER}>",
        "To": OURS,
        "Subject": "Where is my parcel?",
        "Date": format_datetime(timezone.now()),
        "Message-ID": f"<m{next(_numbers)}@customer.example>",
    }
    for name, value in headers.items():
        name = name.replace("_", "-").title()
        fields["Message-ID" if name == "Message-Id" else name] = value
    for name, value in fields.items():
        if value:
            made[name] = value
    made.set_content(text)
    return made


def bounce(original: str, *, action: str = "failed", to: str = CUSTOMER) -> bytes:
    """A delivery status notification about the mail with this Message-ID."""
    return f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: {OURS}
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn{next(_numbers)}@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{to}>: user unknown

--b
Content-Type: message/rfc822

Message-ID: {original}
From: {OURS}
To: {to}
Subject: Re: Where is my parcel?

It is on its way.

--b--
""".replace("\n", "\r\n").encode()
