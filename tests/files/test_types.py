"""What a file really is, and a name that harms nobody."""

from __future__ import annotations

import pytest

from routing.files.types import safe_name, sniff

from .examples import HTML, JPEG, PDF, PNG, SVG

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("head", "claim", "name", "found"),
    [
        (PNG, "image/png", "a.png", "image/png"),
        (PNG, "image/jpeg", "a.jpg", "image/png"),
        (JPEG, "image/jpg", "a.jpg", "image/jpeg"),
        (JPEG, "", "a.bin", "image/jpeg"),
        (HTML, "image/png", "a.png", "text/html"),
        (b"\xef\xbb\xbf \n" + HTML, "text/plain", "a.txt", "text/html"),
        (HTML.decode().encode("utf-16"), "image/gif", "a.gif", "text/html"),
        (SVG, "image/png", "a.png", "image/svg+xml"),
        (b"<!-- x --><svg onload=alert(1)>", "image/jpeg", "a", "image/svg+xml"),
        (b"MZ\x90\x00\x03", "image/png", "a.png", "application/x-msdownload"),
        (b"MZ is the code of Mozambique", "text/plain", "a.txt", "text/plain"),
        (b"no picture", "image/png", "a.png", "application/octet-stream"),
        (PDF, "application/pdf", "a.pdf", "application/pdf"),
        (PDF, "text/html", "a.html", "application/pdf"),
        (b"PK\x03\x04", "application/vnd.oasis.opendocument.text", "a.odt", None),
        (b"\x00\x00\x00\x18ftyp3gp5", "video/3gpp", "a.3gp", "video/3gpp"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "a", "image/webp"),
        (b"#!AMR\n", "audio/amr", "a.amr", "audio/amr"),
        (b"Hello", "text/plain; charset=utf-8", "a.txt", "text/plain"),
        (b"Hello", "bad type\r\nX: y", "a.txt", "text/plain"),
        (b"Hello", "", "a.unheard-of", "application/octet-stream"),
        (b"", "", "", "application/octet-stream"),
    ],
)
def test_a_type_is_believed_only_where_the_bytes_do_not_contradict(head, claim, name, found):
    assert sniff(head, claim, name) == (found or claim)


@pytest.mark.parametrize(
    ("name", "content_type", "safe"),
    [
        ("holiday.jpg", "image/jpeg", "holiday.jpg"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\x\\photo.png", "image/png", "photo.png"),
        ("a\x00b\r\nSet-Cookie: x.png", "image/png", "abSet-Cookie_ x.png"),
        ("photo\u202egnp.exe", "image/png", "photognp.exe.png"),
        ("evil.html", "image/png", "evil.html.png"),
        ("picture.jpeg", "image/jpeg", "picture.jpeg"),
        ("...", "image/gif", "file.gif"),
        ("", "application/octet-stream", "file.bin"),
        ("Grüße aus Zürich.pdf", "application/pdf", "Grüße aus Zürich.pdf"),
        ("x" * 500 + ".pdf", "application/pdf", "x" * 100 + ".pdf"),
        (".htaccess", "text/plain", "htaccess.txt"),
    ],
)
def test_a_name_harms_nobody(name, content_type, safe):
    assert safe_name(name, content_type) == safe
