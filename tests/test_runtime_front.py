"""The front hands pages to Django: large files both ways, HEAD, and who is ready."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from django.conf import settings as django_settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import connections
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from config import asgi, health
from routing import live

from .serving import serve

MEGABYTE = b"0123456789abcdef" * 65536
SENT: dict[str, Any] = {}


@csrf_exempt
def take(request: HttpRequest) -> HttpResponse:
    file = request.FILES["file"]
    digest = hashlib.sha256(b"".join(file.chunks())).hexdigest()
    on_disk = isinstance(file, TemporaryUploadedFile)
    return JsonResponse({"sha": digest, "on_disk": on_disk, "name": file.name})


def give(request: HttpRequest) -> HttpResponse:
    SENT["file"] = io.BytesIO(MEGABYTE * 8)
    return FileResponse(SENT["file"], filename="eight.bin")


urlpatterns = [path("take", take), path("give", give), path("", include("config.urls"))]


@pytest.fixture
def url(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    settings.ROOT_URLCONF = __name__
    with serve(asgi.application) as address:
        yield address


def test_a_large_upload_goes_to_disk_and_arrives_whole(url: str) -> None:
    content = MEGABYTE * 12
    answer = requests.post(f"{url}/take", files={"file": ("Grüße.bin", content)}, timeout=60)
    expected = hashlib.sha256(content).hexdigest()
    assert answer.json() == {"sha": expected, "on_disk": True, "name": "Grüße.bin"}


def test_a_large_file_leaves_whole_and_is_closed(url: str) -> None:
    answer = requests.get(f"{url}/give", timeout=60)
    assert answer.content == MEGABYTE * 8
    deadline = time.monotonic() + 10  # the last bytes may arrive before the file is closed
    while not SENT["file"].closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert SENT["file"].closed
    head = requests.head(f"{url}/give", timeout=60)
    assert (head.headers["Content-Length"], head.content) == (str(8 << 20), b"")


def test_the_address_of_the_caller_is_not_theirs_to_choose(url: str) -> None:
    spoof = {"X-Forwarded-Host": "foreign.example", "X-Forwarded-For": "9.9.9.9"}
    assert requests.get(f"{url}/give", headers=spoof, timeout=10).status_code == 200
    foreign = requests.get(f"{url}/give", headers={"Host": "foreign.example"}, timeout=10)
    assert foreign.status_code == 400


def test_webhooks_do_not_pass_through_django(url: str) -> None:
    answer = requests.post(f"{url}/api/v1.0/webhook/sandbox/x", timeout=10)
    assert answer.status_code == 404
    assert "X-Frame-Options" not in answer.headers


@pytest.mark.django_db
def test_ready_names_every_part(client: Any) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()) == {"ok", *health.CHECKS}


@pytest.mark.django_db
def test_not_ready_while_migrations_are_missing(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'routing'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "not applied" in answer.json()["migrations"]["error"]
    assert answer.json()["redis"] == {"ok": True}


def test_the_nudge_counter_survives_in_redis(redis_server: redis.Redis) -> None:
    live.nudge(["extension:1"], session=1)
    live.nudge_many([(["extension:1"], {}), (["extension:2"], {})])
    assert redis_server.get(live.CURSOR) == b"3"
    assert os.stat(django_settings.VALKEY_SOCKET).st_mode & 0o077 == 0
