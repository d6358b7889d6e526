"""Files that customers sent by address are loaded."""

from __future__ import annotations

import pytest
import time_machine
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from providers import registry
from providers.base import Call, HttpProvider, Media, MediaRules
from routing import files
from routing.models import Attachment, Exchange

from ..stories.vendor import Response, Vendor
from .examples import JPEG, PNG, again, received

pytestmark = pytest.mark.django_db


def awaited(message, url: str, **more) -> Attachment:
    return received(message, Media(url=url, **more))


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
    from providers.http import addresses as http

    def check(address: str) -> None:
        if address != "127.0.0.1":
            raise http.ForbiddenAddress(f"{address} is a private address, which is not allowed")

    monkeypatch.setattr(f"{http.check_address.__module__}.check_address", check)
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


def test_a_customer_may_send_a_larger_file_than_we_may(message, web: Vendor, monkeypatch):
    monkeypatch.setattr(message.channel.provider_class, "media", MediaRules(1_000))
    web.answer = lambda request: Response(PNG + bytes(3_000_000))
    found = awaited(message, f"{web.url}/x")
    files.fetch(found.pk)
    assert again(found).state == Attachment.KEPT


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
