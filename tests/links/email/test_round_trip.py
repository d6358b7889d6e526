"""Mail in and out, with a real IMAP server and a real SMTP server on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from ..house import House
from .mails import CUSTOMER, OURS, bounce, mail
from .servers import DOVECOT, PASSWORD, Imap, Smtp

pytestmark = [
    pytest.mark.story,
    pytest.mark.skipif(not os.access(DOVECOT, os.X_OK), reason="needs Dovecot"),
    pytest.mark.filterwarnings("ignore:Requiring AUTH"),
]
CREDENTIALS = """{{address: {ours}, password: {password}, imap_host: 127.0.0.1, \
imap_security: none, imap_port: {imap}, smtp_host: 127.0.0.1, smtp_security: none, \
smtp_port: {smtp}, from_name: "Example, Support"}}"""
ANSWER = """
from django.core.files.uploadedfile import SimpleUploadedFile
from routing import desk
from routing.models import Extension, Session
session = Session.objects.order_by("-last_at").first()
agent = Extension.objects.get()
if session.holder_id is None:
    desk.pick_up(agent, session)
    session.refresh_from_db()
upload = [SimpleUploadedFile("label.png", {file!r}, "image/png")] if {file!r} else []
desk.write(agent, session, {text!r}, upload=upload)
"""
PNG = Path("docs/screenshots/inbox.png").read_bytes()[:3000]


@pytest.fixture
def imap() -> Iterator[Imap]:
    with Imap() as made:
        yield made


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with Smtp() as made:
        yield made


class Desk(House):
    def __init__(self, imap: Imap, smtp: Smtp, **options: Any) -> None:
        given = CREDENTIALS.format(ours=OURS, password=PASSWORD, imap=imap.port, smtp=smtp.port)
        super().__init__("", provider="email", credentials=given, number=OURS, **options)

    def answer(self, text: str, file: bytes = b"") -> None:
        self.manage("shell", "-c", ANSWER.format(text=text, file=file))


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).strip()


def test_a_customers_mail_is_answered_in_its_conversation(imap: Imap, smtp: Smtp) -> None:
    imap.deliver(mail("An old one, from before the channel was set up"))
    with Desk(imap, smtp) as parley:
        parley.start_links()
        parley.wait(parley.proved, 30, "a green channel")
        first = mail("Grüezi, wo ist mein Paket? 📦")
        imap.deliver(first)
        parley.wait(parley.received, 30)
        assert parley.received() == [
            "Subject: Where is my parcel?\n\nGrüezi, wo ist mein Paket? 📦"
        ]
        assert parley.sql("SELECT network, address, name FROM routing_customer") == [
            ("email", CUSTOMER, "Anna Muster")
        ]

        parley.answer("Es ist unterwegs. ✓")
        parley.wait(lambda: smtp.mails, 30)
        (answer,) = smtp.mails
        assert answer["Subject"] == "Re: Where is my parcel?"
        assert answer["In-Reply-To"] == answer["References"] == first["Message-ID"]
        assert answer["From"] == f'"Example, Support" <{OURS}>'
        assert smtp.envelopes[0].mail_from == OURS
        assert smtp.envelopes[0].rcpt_tos == [CUSTOMER]
        assert text_of(answer) == "Es ist unterwegs. ✓"
        parley.wait(lambda: parley.states() == {"sent": 1}, 30)

        # The customer answers from another address: it belongs to the same session.
        reply = mail(
            "Danke!\n\nOn Monday, 3 March 2026, Support wrote:\n> Es ist unterwegs.",
            subject="AW: Where is my parcel?",
            in_reply_to=answer["Message-ID"],
            references=f"{first['Message-ID']} {answer['Message-ID']}",
            **{"from": "Anna <anna@home.example>"},
        )
        imap.deliver(reply)
        parley.wait(lambda: len(parley.received()) == 2, 30)
        assert parley.received()[1] == "(From anna@home.example)\nDanke!"
        assert parley.sql("SELECT count(*) FROM routing_session") == [(1,)]

        parley.answer("Gern geschehen.")
        parley.wait(lambda: len(smtp.mails) == 2, 30)
        second = smtp.mails[1]
        assert second["Subject"] == "Re: Where is my parcel?"
        assert second["In-Reply-To"] == reply["Message-ID"]
        assert second["References"].split() == [
            first["Message-ID"],
            answer["Message-ID"],
            reply["Message-ID"],
        ]


def test_files_go_both_ways_and_a_text_may_name_its_subject(imap: Imap, smtp: Smtp) -> None:
    with Desk(imap, smtp, workers=1) as parley:
        parley.start_links()
        parley.wait(parley.proved, 30)
        with_file = mail("See the picture")
        with_file.add_attachment(PNG, maintype="image", subtype="png", filename="schön.png")
        imap.deliver(with_file)
        parley.wait(parley.received, 30)
        assert parley.sql("SELECT name, state, size FROM routing_attachment") == [
            ("schön.png", "kept", len(PNG))
        ]
        parley.answer("Subject: Your new label\n\nPrint it.", file=PNG)
        parley.wait(lambda: smtp.mails, 30)
        (answer,) = smtp.mails
        assert answer["Subject"] == "Your new label"
        assert answer["In-Reply-To"] is None
        assert text_of(answer) == "Print it."
        (label,) = answer.iter_attachments()
        assert (label.get_filename(), label.get_content()) == ("label.png", PNG)


def test_a_bounce_fails_the_message_and_is_no_message(imap: Imap, smtp: Smtp) -> None:
    with Desk(imap, smtp) as parley:
        parley.start_links()
        parley.wait(parley.proved, 30)
        imap.deliver(mail())
        parley.wait(parley.received, 30)
        parley.answer("It is on its way.")
        parley.wait(lambda: parley.states() == {"sent": 1}, 30)
        imap.deliver(bounce(smtp.mails[0]["Message-ID"], action="delayed"))
        imap.deliver(bounce(smtp.mails[0]["Message-ID"]))
        parley.wait(lambda: parley.states() == {"failed": 1}, 30)
        ((reason,),) = parley.sql("SELECT reason FROM routing_message WHERE status = 'failed'")
        assert reason == f"Not delivered: 550 5.1.1 <{CUSTOMER}>: user unknown."
        assert len(parley.received()) == 1


def test_a_restart_neither_loses_nor_doubles_mail(imap: Imap, smtp: Smtp) -> None:
    with Desk(imap, smtp) as parley:
        killed = parley.start_links()
        parley.wait(parley.proved, 30)
        imap.deliver(mail("one"))
        parley.wait(lambda: len(parley.received()) == 1, 30)
        parley.kill(killed)
        imap.deliver(mail("two"))
        parley.sql("UPDATE channels_app_linkstate SET cursor = replace(cursor, ':1', ':0')")
        stopped = parley.start_links()
        parley.wait(lambda: len(parley.received()) == 2, 30)
        parley.stop(stopped)
        imap.deliver(mail("three"))
        parley.start_links()
        parley.wait(lambda: len(parley.received()) == 3, 30)
        texts = [text.split("\n")[-1] for text in parley.received()]
        assert texts == ["one", "two", "three"]


def test_servers_that_go_away_are_found_again(imap: Imap, smtp: Smtp) -> None:
    with Desk(imap, smtp) as parley:
        parley.start_links()
        parley.wait(parley.proved, 30)
        imap.stop()
        parley.wait(parley.fault, 30)
        assert f"127.0.0.1:{imap.port}" in parley.fault()
        imap.start()
        imap.deliver(mail("while away"))
        parley.wait(parley.received, 20)
        parley.wait(lambda: not parley.fault(), 30)


@pytest.mark.parametrize(
    ("refusal", "status", "says"),
    [
        ("550 5.1.1 no such user", "failed", "550 5.1.1 no such user"),
        ("451 4.7.1 greylisted", "queued", "451 4.7.1 greylisted"),
        ("hang up", "unknown", "says:"),
    ],
)
def test_what_the_server_says_decides(
    imap: Imap, smtp: Smtp, refusal: str, status: str, says: str
) -> None:
    step = "DATA" if refusal == "hang up" else "RCPT"
    smtp.refuse = lambda at, envelope: refusal if at == step else ""
    with Desk(imap, smtp) as parley:
        parley.start_links()
        parley.wait(parley.proved, 30)
        imap.deliver(mail())
        parley.wait(parley.received, 30)
        parley.answer("It is on its way.")
        asked = "SELECT status, reason FROM routing_message WHERE direction = 'out'"
        parley.wait(lambda: parley.sql(asked)[0][1], 30)
        ((found, reason),) = parley.sql(asked)
        assert found == status
        assert says in reason
        if status == "queued":
            smtp.refuse = lambda at, envelope: ""
            parley.wait(lambda: parley.states() == {"sent": 1}, 20)


@pytest.mark.parametrize("which", ["imap", "smtp"])
def test_a_refused_password_is_shown(imap: Imap, smtp: Smtp, which: str) -> None:
    if which == "smtp":
        smtp.password = "changed-1"
    with Desk(imap, smtp) as parley:
        if which == "imap":
            parley.apply("channels: [{name: Line, credentials: {password: outdated-1}}]")
        parley.start_links()
        parley.wait(parley.fault, 30)
        assert "refuses the log-in" in parley.fault()
        assert "outdated-1" not in parley.fault()
        if which == "smtp":  # mail still comes in
            imap.deliver(mail())
            parley.wait(parley.received, 30)
