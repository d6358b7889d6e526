"""What mails say, whatever program wrote them."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import DELIVERED, FAILED, READ, SENT, Inbound
from providers.links.mail.html import text_of
from providers.links.mail.reading import Mail, understand

from .mails import CUSTOMER, OURS, bounce, mail

REFERENCE = "0123456789abcdef01234567"
ORIGINAL = f"<{REFERENCE}.parley@example.com>"


def read(raw: EmailMessage | bytes) -> Mail:
    return understand(raw if isinstance(raw, bytes) else raw.as_bytes(), "uid:1:2", OURS)


def message(raw: EmailMessage | bytes) -> Inbound:
    found = read(raw).message
    assert found is not None
    return found


def test_a_new_mail_shows_its_subject_and_an_answer_does_not() -> None:
    assert message(mail("Hello")).text == "Subject: Where is my parcel?\n\nHello"
    found = read(mail("Hello again", in_reply_to="<1@x.example>", references="<0@x.example>"))
    assert found.message and found.message.text == "Hello again"
    assert found.answers == ("<0@x.example>", "<1@x.example>")


def test_sender_and_recipients_are_found() -> None:
    found = message(
        mail(
            to='"Support" <Support+vip@Example.com>, other@example.com',
            cc="third@example.com",
            delivered_to="support@example.com",
        )
    )
    assert (found.sender, found.name) == (CUSTOMER, "Anna Muster")
    assert found.recipient == "support+vip@example.com"
    assert found.others[:2] == (OURS, "other@example.com")
    assert found.others[-1] == OURS


def test_a_form_that_names_the_customer_is_answered_there() -> None:
    found = message(mail(reply_to="Ben <Ben@Customer.example>"))
    assert (found.sender, found.name) == ("ben@customer.example", "Ben")


def test_a_mail_without_an_id_is_named_by_its_place_in_the_mailbox() -> None:
    assert message(mail(message_id="")).provider_id == "uid:1:2"


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-8", "iso-2022-jp", "koi8-r", "utf-16"])
def test_charsets(charset: str) -> None:
    text = {"iso-2022-jp": "こんにちは", "koi8-r": "Привет"}.get(charset, "Grüezi – wie?")
    text = text.replace("–", "-") if charset == "iso-8859-1" else text
    head = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n"
    raw = head.encode() + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + text.encode(charset)
    assert message(raw).text == text


@pytest.mark.parametrize(
    ("raw", "text"), [("Grüezi".encode("latin-1"), "Grüezi"), ("Grüezi".encode(), "Grüezi")]
)
@pytest.mark.parametrize("kind", [b"", b"Content-Type: text/plain; charset=x-unknown\r\n"])
def test_a_charset_that_is_missing_or_unknown_is_guessed(
    raw: bytes, text: str, kind: bytes
) -> None:
    assert message(b"From: a@b.example\r\n" + kind + b"\r\n" + raw).text == text


def test_headers_with_encoded_words_and_raw_bytes() -> None:
    head = "From: =?iso-8859-1?q?J=FCrg?= <j@x.example>\r\nSubject: Größe\r\n\r\nx".encode()
    found = message(head)
    assert found.name == "Jürg"
    assert found.text == "Subject: Größe\n\nx"


def test_of_text_and_html_the_text_is_read_and_the_pictures_are_kept() -> None:
    made = mail("plain words")
    made.add_alternative("<p>HTML <b>words</b> <img src='cid:1'></p>", subtype="html")
    html = made.get_payload()[1]
    html.add_related(b"PNG", maintype="image", subtype="png", cid="<1>", filename="logo.png")
    found = message(made)
    assert found.text.endswith("\n\nplain words")
    assert [(each.name, each.content) for each in found.media] == [("logo.png", b"PNG")]


def test_html_alone_is_made_into_text() -> None:
    made = mail("")
    made.set_content(
        "<head><style>p {}</style></head><p>Hello&nbsp;<a href='https://x.example/a'>there</a>,"
        "</p><ul><li>one<li>two</ul><script>x()</script><table><tr><td>a<td>b</table>",
        subtype="html",
    )
    wanted = "Hello there (https://x.example/a),\n\n- one\n- two\na b"
    assert message(made).text.split("\n\n", 1)[1] == wanted


def test_quotations_are_marked_and_cut_off_the_end_of_answers() -> None:
    html = (
        "<div>Thanks!</div><div class=gmail_quote>On Mon, 3 Mar 2026, Support &lt;s@x&gt; wrote:"
        "<blockquote>It is on its way.<blockquote>Where?</blockquote></blockquote></div>"
    )
    quoted = "> It is on its way.\n> > Where?"
    assert text_of(html).endswith(quoted)
    made = mail("", in_reply_to="<1@x.example>")
    made.set_content(html, subtype="html")
    assert message(made).text == "Thanks!"
    said = "Yes.\nNo.\n\nOn Mon, 3 Mar 2026 Support <s@x.example>\nwrote:\n\n> Which?\n"
    assert message(mail(said, in_reply_to="<1@x.example>")).text == "Yes.\nNo."
    kept = "> What colour?\nRed.\n> What size?\nSmall."
    assert message(mail(kept, in_reply_to="<1@x.example>")).text == kept
    only = "> nothing but this"
    assert message(mail(only, in_reply_to="<1@x.example>")).text == only


def test_a_forwarded_mail_is_kept_as_a_file() -> None:
    made = mail("See below")
    made.add_attachment(mail("inner", subject="The other one"))
    (file,) = message(made).media
    assert file.name == "The other one.eml"
    assert b"inner" in (file.content or b"")


@pytest.mark.parametrize(
    ("action", "status"),
    [("failed", FAILED), ("delivered", DELIVERED), ("relayed", SENT), ("expanded", SENT)],
)
def test_a_notification_is_a_report(action: str, status: str) -> None:
    found = read(bounce(ORIGINAL, action=action))
    assert found.message is None
    (report,) = found.reports
    assert (report.status, report.provider_id, report.reference) == (status, ORIGINAL, REFERENCE)
    assert ("user unknown" in report.reason) == (status == FAILED)


def test_a_delay_is_no_news() -> None:
    found = read(bounce(ORIGINAL, action="delayed"))
    assert (found.message, found.reports) == (None, ())


def test_a_bounce_in_a_form_of_its_own_is_recognised_by_our_message_id() -> None:
    text = f"Hi. This is the qmail-send program.\n\n<x@y.example>: no such user\n\n{ORIGINAL}"
    made = mail(text, return_path="<>", **{"from": "MAILER-DAEMON@y.example"})
    (report,) = read(made).reports
    assert (report.status, report.reference) == (FAILED, REFERENCE)
    assert "no such user" in report.reason
    assert read(mail("I am back", **{"from": "postmaster@y.example"})).message  # a person


def test_a_read_receipt_is_a_report() -> None:
    raw = bounce(ORIGINAL).decode()
    raw = raw.replace("report-type=delivery-status", "report-type=disposition-notification")
    raw = raw.replace("message/delivery-status", "message/disposition-notification")
    raw = raw.replace("Reporting-MTA: dns; mx.example\r\n\r\n", "")
    raw = raw.replace(
        "Action: failed",
        f"Original-Message-ID: {ORIGINAL}\r\nDisposition: manual-action/MDN-sent; displayed",
    )
    (report,) = read(raw.encode()).reports
    assert (report.status, report.provider_id) == (READ, ORIGINAL)


@pytest.mark.parametrize(
    "headers",
    [{"auto_submitted": "auto-replied"}, {"x_autoreply": "yes"}, {"precedence": "auto_reply"}],
)
def test_an_automatic_answer_says_that_it_is_one(headers: dict[str, str]) -> None:
    found = read(mail("I am away", in_reply_to=ORIGINAL, **headers))
    assert found.automatic
    assert found.message and found.message.text == "(Automatic reply)\nI am away"
    assert not read(mail(auto_submitted="no")).automatic


def test_our_own_mail_that_comes_back_is_recognised() -> None:
    assert read(mail(x_parley=OURS)).returned
    assert not read(mail(x_parley="desk@other.example")).returned


def test_a_mail_nested_without_end_is_still_a_message() -> None:
    raw = b"From: a@b.example\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n)
        for n in range(2_000)
    )
    assert message(raw).sender == "a@b.example"


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    read(raw)
    read(
        b"From: a@b.example\r\nContent-Type: multipart/report; report-type=delivery-status\r\n"
        + raw
    )


@given(st.text(alphabet=st.sampled_from("<>/abpqtd li='\"&;#x! \n\u00e9"), max_size=300))
def test_any_html_has_a_text(html: str) -> None:
    assert isinstance(text_of(html), str)
