"""Files are checked, stored, and deleted when their time is up."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.fields.files import FieldFile
from django.test import Client
from django.utils import timezone

from providers.base import Media, MediaRules
from routing import files
from routing.models import Attachment

from ..factories import MessageFactory
from .examples import HTML, PNG, again, body, path_of, received, store

pytestmark = pytest.mark.django_db


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


def test_a_stored_file_has_its_facts_and_a_name_of_our_own(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False):
        kept = store(message, "../../Träume.html", "image/png", PNG)
    kept.refresh_from_db()
    assert (kept.name, kept.content_type, kept.size) == ("Träume.html.png", "image/png", len(PNG))
    assert kept.state == Attachment.KEPT
    assert kept.expires_at.isoformat() == "2026-03-04T12:00:00+00:00"
    assert kept.file.read() == PNG
    assert kept.file.name.startswith("2026/03/01/")
    assert "Tr" not in kept.file.name and ".." not in kept.file.name


def test_without_a_limit_of_the_provider_a_file_stays():
    kept = store(MessageFactory(), "a.png", "image/png", ContentFile(PNG))
    assert kept.expires_at is None


def test_too_large_a_file_is_not_stored(message, settings, tmp_path):
    settings.UPLOAD_MAX_BYTES = 20
    with pytest.raises(ValidationError, match="at most 0 kB are kept here"):
        store(message, "a.png", "image/png", PNG)
    assert not Attachment.objects.exists()
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


def test_what_a_customer_sends_is_kept_or_explained(message, settings):
    kept = received(message, Media(content=PNG, name="a.png", content_type="image/png"))
    later = received(message, Media(url="https://cdn.example/x/y.jpg?sig=1"))
    settings.UPLOAD_MAX_BYTES = 20
    large = received(message, Media(content=PNG, name="b.png"))
    nothing = received(message, Media(name="c.png"))
    assert kept.state == Attachment.KEPT
    assert (later.state, later.name) == (Attachment.PENDING, "y.jpg")
    assert large.state == nothing.state == Attachment.MISSING
    assert "at most" in large.reason
    assert "neither its content nor its address" in nothing.reason


def test_files_are_deleted_when_their_time_is_up(message):
    with time_machine.travel("2026-03-01T12:00Z", tick=False) as clock:
        old = [store(message, "a.png", "image/png", PNG) for _ in range(3)]
        forever = store(MessageFactory(), "a.png", "image/png", PNG)
        assert files.clean() == 0
        clock.shift(timedelta(hours=73))
        young = store(message, "a.png", "image/png", PNG)
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
        kept = store(message, "a.png", "image/png", PNG)
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
    kept = store(message, "a.png", "image/png", PNG)
    kept = Attachment.objects.get(pk=kept.pk)
    assert isinstance(default_storage._wrapped, InMemoryStorage)
    assert body(Client().get(path_of(kept))) == PNG
    Attachment.objects.update(expires_at=timezone.now())
    assert files.clean(timezone.now() + timedelta(seconds=1)) == 1
    assert not default_storage.exists(kept.file.name)
