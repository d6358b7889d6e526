"""Files are stored before the transaction that needs them, and none is left over."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from routing import desk
from routing.models import Attachment, Message

from . import scene

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("inline")]


@pytest.fixture
def storage(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of files; whoever writes into it within a transaction fails."""
    from django.core.files.storage import FileSystemStorage

    settings.MEDIA_ROOT = tmp_path
    save = FileSystemStorage._save

    def guarded(self: Any, name: str, content: Any) -> str:
        assert not connection.in_atomic_block
        return save(self, name, content)

    monkeypatch.setattr(FileSystemStorage, "_save", guarded)
    return tmp_path


def kept(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.png", PNG, "image/png")


def test_an_agents_file_is_stored_before_the_session_is_held(storage: Path) -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    message = desk.write(house.first, session, "Look", upload=[upload()])
    assert message.attachments.get().file.read() == PNG
    assert kept(storage) == 1
    desk.start(house.first, house.number, "+41791112244", "Look", upload=[upload()])
    assert kept(storage) == 2


def test_a_refused_answer_leaves_no_file(storage: Path) -> None:
    house = scene.build()
    session = house.customer_writes(id="1")
    desk.close(house.first, session)
    with pytest.raises(desk.SessionClosed):
        desk.write(house.first, session, "Look", upload=[upload()])
    assert kept(storage) == 0


def picture(key: str) -> dict[str, Any]:
    content = base64.b64encode(PNG).decode()
    return {"id": key, "files": [{"data": content, "name": "a.png", "content_type": "image/png"}]}


def test_a_customers_file_is_stored_once(storage: Path) -> None:
    house = scene.build()
    house.customer_writes(**picture("1"))
    house.customer_writes(**picture("1"))
    assert Message.objects.filter(direction=Message.IN).count() == 1
    assert Attachment.objects.get().file.read() == PNG
    assert kept(storage) == 1


def test_what_cannot_be_stored_leaves_no_file(
    storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = scene.build()
    monkeypatch.setattr("routing.intake.filing._messages", lambda letters: 1 / 0)
    body = {"type": "message", "from": "+41791112233", "to": scene.OURS, **picture("1")}
    assert house.post(body).status == 500
    assert kept(storage) == 0
