"""Answers stand in their conversation, and nobody can slip a header in."""

from __future__ import annotations

from django.core.mail import EmailMessage

from providers.base import Media, Outbound
from providers.links.base import Earlier
from providers.links.mail import Settings
from providers.links.mail.writing import compose

from .mails import CUSTOMER, OURS

SETTINGS = Settings.of({"address": OURS, "subject": "From the shop"})


def composed(text: str, *earlier: Earlier, media: tuple[Media, ...] = ()) -> EmailMessage:
    outbound = Outbound(OURS, CUSTOMER, text, "0123456789abcdef01234567", media=media)
    return compose(outbound, earlier, SETTINGS)


def theirs(name: str, text: str = "…") -> Earlier:
    return Earlier(f"<{name}@customer.example>", text, ours=False)


def ours(name: str, text: str = "…") -> Earlier:
    return Earlier(f"<{name}.parley@example.com>", text, ours=True)


def test_a_first_mail_has_the_channels_subject_or_its_own() -> None:
    assert composed("Hello").subject == "From the shop"
    named = composed("subject:  Your order \r\n\r\nIt has left.")
    assert (named.subject, named.body) == ("Your order", "It has left.")


def test_an_answer_names_only_its_own_conversation() -> None:
    answer = composed(
        "Yes",
        ours("4"),
        theirs("3"),
        theirs("2", "Subject: Re: Second\n\nanother matter"),
        theirs("1", "Subject: First\n\nold"),
    )
    assert answer.subject == "Re: Second"
    assert answer.extra_headers["In-Reply-To"] == "<3@customer.example>"
    assert answer.extra_headers["References"].split() == [
        "<2@customer.example>",
        "<3@customer.example>",
        "<4.parley@example.com>",
    ]


def test_a_second_mail_of_ours_goes_on_with_the_first() -> None:
    again = composed("One more thing", ours("1", "Subject: Your order\n\nIt has left."))
    assert again.subject == "Re: Your order"
    assert again.extra_headers["In-Reply-To"] == "<1.parley@example.com>"


def test_what_has_no_message_id_is_not_named() -> None:
    answer = composed("Yes", Earlier("uid:1:2", "Subject: Help", ours=False))
    assert answer.subject == "Re: Help"
    assert "In-Reply-To" not in answer.extra_headers


def test_a_subject_is_one_line() -> None:
    sly = composed("Subject: Hello\rBcc: everybody@example.com\n\nHi")
    assert "\nBcc:" not in sly.message().as_string().replace("\r", "\n").split("\n\n")[0]
    assert sly.subject == "Hello"


def test_files_and_long_texts_survive() -> None:
    text = "Žluťoučký kůň 🐎 " * 100
    made = composed(
        text, media=(Media(content=b"%PDF", name="a.pdf", content_type="application/pdf"),)
    )
    body, file = made.message().get_payload()
    assert body.get_payload(decode=True).decode() == text
    assert (file.get_filename(), file.get_payload(decode=True)) == ("a.pdf", b"%PDF")
