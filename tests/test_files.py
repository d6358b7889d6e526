"""Files: checked, stored, lent out, loaded, and deleted when their time is up."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.fields.files import FieldFile
from django.test import Client
from django.utils import timezone

from providers import registry
from providers.base import Call, HttpProvider, Media, MediaRules
from routing import files
from routing.files.types import safe_name, sniff
from routing.models import Attachment, Exchange

from .factories import ExtensionFactory, MessageFactory, QueueFactory, SessionFactory
from .stories.vendor import Response, Vendor

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
PDF = b"%PDF-1.7\n"
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.fixture(autouse=True)
def _storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.ALLOW_PRIVATE_ADDRESSES = True


@pytest.fixture
def web():
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def message(db):
    """A message of a channel whose provider keeps files for 72 hours."""
    return MessageFactory(session__number__channel__provider="apidaze")


def path_of(attachment: Attachment) -> str:
    from django.conf import settings

    return files.link(attachment).removeprefix(settings.PUBLIC_URL)


# --- types and names --------------------------------------------------------------------------


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


# --- check ------------------------------------------------------------------------------------


def upload(content: bytes, name: str, content_type: str, size: int | None = None):
    file = SimpleUploadedFile(name, content, content_type)
    file.size = len(content) if size is None else size
    return file


@pytest.mark.parametrize(
    ("rules", "file", "said"),
    [
        (
            MediaRules(100_000_000),
            upload(PNG, "a.png", "image/png", 130_000_000),
            "The file has 130 MB; Example takes at most 100 MB.",
        ),
        (
            MediaRules(100_000_000),
            upload(PNG, "a.png", "image/png", 100_000_001),
            "The file has 100.1 MB; Example takes at most 100 MB.",
        ),
        (
            MediaRules(500_000),
            upload(PNG, "a.png", "image/png", 600_000),
            "The file has 600 kB; Example takes at most 500 kB.",
        ),
        (
            MediaRules(10_000, types=("image/", "application/pdf")),
            upload(HTML, "a.png", "image/png"),
            "Example does not take files of the type text/html; it takes image/*, application/pdf.",
        ),
        (None, upload(PNG, "a.png", "image/png"), "Example carries text only; it takes no files."),
        (MediaRules(10_000), upload(b"", "a.png", "image/png"), "The file is empty."),
        (
            MediaRules(900_000_000),
            upload(PNG, "a.png", "image/png", 300_000_000),
            "The file has 300 MB; at most 50 MB are kept here.",
        ),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused_in_words(rules, file, said, settings):
    settings.UPLOAD_MAX_BYTES = 50_000_000 if rules and rules.max_bytes > 500_000_000 else 10**9
    provider = SimpleNamespace(name="Example", media=rules)
    with pytest.raises(ValidationError) as caught:
        files.check(provider, file)
    assert caught.value.messages == [said]


def test_a_good_file_is_taken_and_stays_at_its_beginning():
    rules = MediaRules(10_000, types=("image/",))
    file = upload(PNG, "a.png", "image/png")
    files.check(SimpleNamespace(name="Example", media=rules), file)
    assert file.read() == PNG


# --- store ------------------------------------------------------------------------------------


def test_a_stored_file_has_its_facts_and_a_name_of_our_own(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False):
        kept = files.store(message, "../../Träume.html", "image/png", PNG)
    kept.refresh_from_db()
    assert (kept.name, kept.content_type, kept.size) == ("Träume.html.png", "image/png", len(PNG))
    assert kept.state == Attachment.KEPT
    assert kept.expires_at.isoformat() == "2026-03-04T12:00:00+00:00"
    assert kept.file.read() == PNG
    assert kept.file.name.startswith("2026/03/01/")
    assert "Tr" not in kept.file.name and ".." not in kept.file.name


def test_without_a_limit_of_the_provider_a_file_stays():
    kept = files.store(MessageFactory(), "a.png", "image/png", ContentFile(PNG))
    assert kept.expires_at is None


def test_too_large_a_file_is_not_stored(message, settings, tmp_path):
    settings.UPLOAD_MAX_BYTES = 20
    with pytest.raises(ValidationError, match="at most 0 kB are kept here"):
        files.store(message, "a.png", "image/png", PNG)
    assert not Attachment.objects.exists()
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


def test_what_a_customer_sends_is_kept_or_explained(message, settings):
    kept = files.receive(message, Media(content=PNG, name="a.png", content_type="image/png"))
    later = files.receive(message, Media(url="https://cdn.example/x/y.jpg?sig=1"))
    settings.UPLOAD_MAX_BYTES = 20
    large = files.receive(message, Media(content=PNG, name="b.png"))
    nothing = files.receive(message, Media(name="c.png"))
    assert kept.state == Attachment.KEPT
    assert (later.state, later.name) == (Attachment.PENDING, "y.jpg")
    assert large.state == nothing.state == Attachment.MISSING
    assert "at most" in large.reason
    assert "neither its content nor its address" in nothing.reason


# --- links ------------------------------------------------------------------------------------


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_a_link_gives_the_file_to_anyone(message):
    kept = files.store(message, "a b/ü.png", "image/png", PNG)
    response = Client().get(path_of(kept))
    assert response.status_code == 200
    assert body(response) == PNG
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("inline")
    assert Client().post(path_of(kept)).status_code == 405


@pytest.mark.parametrize(
    ("content", "claim", "served"),
    [
        (HTML, "text/html", "application/octet-stream"),
        (HTML, "image/png", "application/octet-stream"),
        (SVG, "image/svg+xml", "application/octet-stream"),
        (b"<x/>", "application/xhtml+xml", "application/octet-stream"),
        (b"alert(1)", "text/javascript", "application/octet-stream"),
        (PDF, "application/pdf", "application/pdf"),
        (
            b"PK\x03\x04",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "",
        ),
    ],
)
def test_only_safe_pictures_are_shown_in_place(message, content, claim, served):
    kept = files.store(message, "file", claim, content)
    response = Client().get(path_of(kept))
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == served or claim
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_name_cannot_break_out_of_its_header(message):
    kept = files.store(message, 'a"; x=\r\nSet-Cookie: y=1.png', "image/png", PNG)
    response = Client().get(path_of(kept))
    assert response.status_code == 200
    assert "\n" not in response["Content-Disposition"]
    assert "set-cookie" not in response


def test_a_link_that_is_not_ours_is_not_found(message):
    kept = files.store(message, "a.png", "image/png", PNG)
    path = path_of(kept)
    token = path.split("/")[2]
    for other in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", "WzEsMl0.abc", "..."):
        assert Client().get(f"/files/{other}/a.png").status_code == 404


def test_a_link_expires_and_says_so(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False) as clock:
        path = path_of(files.store(message, "a.png", "image/png", PNG))
        clock.shift(timedelta(hours=71))
        assert Client().get(path).status_code == 200
        clock.shift(timedelta(hours=2))
        response = Client().get(path)
        assert response.status_code == 410
        assert "no longer available" in response.content.decode()


def test_a_link_never_outlives_its_file(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False) as clock:
        kept = files.store(message, "a.png", "image/png", PNG)
        clock.shift(timedelta(hours=71))
        path = path_of(kept)  # would be good for 72 hours
        clock.shift(timedelta(hours=2))
        assert Client().get(path).status_code == 410


def test_a_file_lost_from_the_storage_is_not_found(message):
    kept = files.store(message, "a.png", "image/png", PNG)
    default_storage.delete(kept.file.name)
    assert Client().get(path_of(kept)).status_code == 404


def test_an_agent_sees_files_of_their_own_sessions_only():
    mine, other = ExtensionFactory(), ExtensionFactory()
    queue = QueueFactory(members=[mine])
    held = MessageFactory(session=SessionFactory(holder=mine))
    waiting = MessageFactory(session=SessionFactory(queue=queue))
    one, two = (files.store(each, "a.png", "image/png", PNG) for each in (held, waiting))

    def status(extension, attachment) -> int:
        client = Client()
        if extension:
            client.force_login(getattr(extension, "user", extension))
        return client.get(f"/files/{attachment.pk}/").status_code

    assert [status(mine, each) for each in (one, two)] == [200, 200]
    assert [status(other, each) for each in (one, two)] == [404, 404]
    assert [status(None, each) for each in (one, two)] == [302, 302]
    from django.contrib.auth.models import User

    nobody = User.objects.create_user("nobody")
    assert [status(nobody, each) for each in (one, two)] == [404, 404]


# --- loading ----------------------------------------------------------------------------------


def awaited(message, url: str, **more) -> Attachment:
    return files.receive(message, Media(url=url, **more))


def again(attachment: Attachment) -> Attachment:
    attachment.refresh_from_db()
    return attachment


def test_a_file_is_loaded_from_its_address(message, web: Vendor):
    web.answer = lambda request: Response(PNG, 200, {"Content-Type": "image/png"})
    found = awaited(message, f"{web.url}/media/photo?token=1")
    assert files.fetch_due() == [found]
    again(found)
    assert (found.state, found.content_type, found.size) == ("kept", "image/png", len(PNG))
    assert found.name == "photo.png"
    assert found.file.read() == PNG
    assert found.expires_at is not None
    assert not files.pending().exists()
    assert files.fetch(found.pk) is None  # once is enough
    assert len(web.requests) == 1
    exchange = Exchange.objects.get()
    assert (exchange.kind, exchange.outcome) == ("fetch", "ok")
    assert exchange.steps[0]["answer"] == ""


def test_redirects_are_followed_three_times(message, web: Vendor):
    def answer(request):
        step = int(request.path.strip("/"))
        return Response(PNG, 200) if step == 0 else Response(b"", 302, {"Location": f"/{step - 1}"})

    web.answer = answer
    good, bad = awaited(message, f"{web.url}/3"), awaited(message, f"{web.url}/4")
    files.fetch_due()
    assert again(good).state == Attachment.KEPT
    assert again(bad).state == Attachment.MISSING
    assert bad.reason == "The file's address redirects more than 3 times."


def test_private_addresses_are_refused(message, web: Vendor, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    found = awaited(message, f"{web.url}/x")
    files.fetch(found.pk)
    assert again(found).state == Attachment.PENDING
    assert "private address" in found.reason
    assert web.requests == []


def test_every_redirect_is_checked_anew(message, web: Vendor, monkeypatch):
    """The first address is allowed here, the one it leads to is not."""
    from providers import http

    def check(address: str) -> None:
        if address != "127.0.0.1":
            raise http.ForbiddenAddress(f"{address} is a private address, which is not allowed")

    monkeypatch.setattr(http, "check_address", check)
    monkeypatch.setattr("routing.files.loading.settings.ALLOW_PRIVATE_ADDRESSES", False)
    for target, said in (
        ("http://127.0.0.2:1/", "127.0.0.2 is a private address"),
        ("http://[::1]:1/", "::1 is a private address"),
        ("file:///etc/passwd", "not an http:// or https:// address"),
    ):
        web.answer = lambda request, target=target: Response(b"", 302, {"Location": target})
        found = awaited(message, f"{web.url}/x")
        files.fetch(found.pk)
        assert said in again(found).reason


def test_a_file_address_that_is_no_web_address_is_refused(message):
    found = awaited(message, "file:///etc/passwd")
    files.fetch(found.pk)
    assert again(found).state == Attachment.MISSING


def test_too_large_a_file_is_not_loaded(message, web: Vendor, settings):
    settings.UPLOAD_MAX_BYTES = 2_000_000
    web.answer = lambda request: Response(bytes(2_100_000), 200)
    found = awaited(message, f"{web.url}/x")
    files.fetch(found.pk)
    assert "too long" in again(found).reason
    assert not found.file


def test_a_file_larger_than_an_ordinary_answer_is_loaded(message, web: Vendor):
    web.answer = lambda request: Response(PNG + bytes(3_000_000))
    found = awaited(message, f"{web.url}/x")
    files.fetch(found.pk)
    assert again(found).size == len(PNG) + 3_000_000


def test_a_refusal_ends_it_and_reload_begins_again(message, web: Vendor):
    web.answer = lambda request: Response(status=404)
    found = awaited(message, f"{web.url}/x")
    assert files.fetch(found.pk).state == Attachment.MISSING
    assert again(found).reason == "The file's address answers HTTP 404."
    assert files.fetch(found.pk) is None
    web.answer = lambda request: Response(PNG, 200)
    assert files.reload(found)
    assert not files.reload(found)
    files.fetch(found.pk)
    assert again(found).state == Attachment.KEPT


def test_trouble_is_tried_again_later_each_time_and_then_given_up(message, web: Vendor):
    web.answer = lambda request: Response(status=503)
    found = awaited(message, f"{web.url}/x")
    waits = []
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(20):
            files.fetch(found.pk)
            if again(found).state != Attachment.PENDING:
                break
            waits.append((found.due_at - timezone.now()).total_seconds())
            assert files.fetch(found.pk) is None  # not yet
            clock.shift(found.due_at - timezone.now())
    assert waits == sorted(waits) and len(waits) == 6
    assert found.state == Attachment.MISSING
    assert found.reason == "The file's address answers HTTP 503."
    assert len(web.requests) == 7


def test_a_full_disk_is_tried_again(message, web: Vendor, monkeypatch):
    def save(*args, **kwargs):
        raise OSError(28, "No space left on device")

    web.answer = lambda request: Response(PNG)
    found = awaited(message, f"{web.url}/x")
    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "save", save)
        assert files.fetch(found.pk) is None
    assert again(found).state == Attachment.PENDING
    assert found.reason == "The file could not be stored: No space left on device."
    Attachment.objects.update(due_at=timezone.now())
    files.fetch(found.pk)
    assert again(found).state == Attachment.KEPT


def test_a_worker_that_died_is_followed_by_another(message, web: Vendor):
    found = awaited(message, f"{web.url}/x")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        later = timezone.now() + files.loading.LEASE
        Attachment.objects.update(attempts=1, due_at=later)  # as the dead one left it
        assert not files.pending().exists()
        clock.shift(files.loading.LEASE)
        assert list(files.pending()) == [found]


class Guarded(HttpProvider):
    """A provider whose files need a key, and lie behind a redirect elsewhere."""

    name = "Guarded"
    media = MediaRules(1_000_000, keep_hours=1)

    def fetch(self, media):
        call = Call(
            "GET",
            media.url,
            headers={"Authorization": "Bearer TOP-SECRET"},
            sends=False,
            judge=self.error,
        )
        return (yield call).body


@pytest.mark.parametrize("elsewhere", [True, False])
def test_the_adapter_fetches_what_needs_credentials(message, web: Vendor, monkeypatch, elsewhere):
    monkeypatch.setattr(registry, "get", lambda slug: Guarded)
    other = web.url.replace("127.0.0.1", "localhost") if elsewhere else web.url

    def answer(request):
        if request.path == "/file":
            return Response(b"", 302, {"Location": f"{other}/cdn"})
        return Response(JPEG, 200)

    web.answer = answer
    found = awaited(message, f"{web.url}/file", needs_credentials=True, content_type="image/jpeg")
    files.fetch(found.pk)
    assert again(found).content_type == "image/jpeg"
    keys = [request.headers.get("authorization") for request in web.requests]
    assert keys == ["Bearer TOP-SECRET", None if elsewhere else "Bearer TOP-SECRET"]


def test_the_adapters_refusal_is_the_reason(message, web: Vendor, monkeypatch):
    monkeypatch.setattr(registry, "get", lambda slug: Guarded)
    web.answer = lambda request: Response(b"who are you", 401)
    found = awaited(message, f"{web.url}/file", needs_credentials=True)
    files.fetch(found.pk)
    assert again(found).reason == "Guarded: HTTP 401 who are you"
    assert found.state == Attachment.MISSING


# --- cleaning ---------------------------------------------------------------------------------


def test_files_are_deleted_when_their_time_is_up(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False) as clock:
        old = [files.store(message, "a.png", "image/png", PNG) for _ in range(3)]
        forever = files.store(MessageFactory(), "a.png", "image/png", PNG)
        assert files.clean() == 0
        clock.shift(timedelta(hours=73))
        young = files.store(message, "a.png", "image/png", PNG)
        paths = [each.file.name for each in old]
        assert [files.clean(limit=2), files.clean(limit=2), files.clean(limit=2)] == [2, 1, 0]
    assert not any(default_storage.exists(each) for each in paths)
    for each in old:
        assert (again(each).state, each.file.name) == (Attachment.EXPIRED, "")
    for each in (forever, young):
        assert again(each).state == Attachment.KEPT
        assert default_storage.exists(each.file.name)


def test_a_clean_up_that_died_half_way_is_finished_by_the_next(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False) as clock:
        kept = files.store(message, "a.png", "image/png", PNG)
        default_storage.delete(kept.file.name)
        clock.shift(timedelta(hours=73))
        assert files.clean() == 1
    assert again(kept).state == Attachment.EXPIRED


def test_any_storage_of_django_will_do(message, settings, monkeypatch):
    """No path of a local disk is ever asked for: that of S3 has none."""
    monkeypatch.delattr(FieldFile, "path")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    kept = files.store(message, "a.png", "image/png", PNG)
    kept = Attachment.objects.get(pk=kept.pk)
    assert isinstance(default_storage._wrapped, InMemoryStorage)
    assert body(Client().get(path_of(kept))) == PNG
    Attachment.objects.update(expires_at=timezone.now())
    assert files.clean(timezone.now() + timedelta(seconds=1)) == 1
    assert not default_storage.exists(kept.file.name)
