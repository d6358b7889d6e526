"""Undo send: a message waits a moment, and comes back whole or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from routing import outbox
from routing.models import AgentSettings, Attachment, Draft, Extension, Message, Session

from ..factories import ExtensionFactory, MessageFactory
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def careful(anna: Extension) -> Extension:
    AgentSettings.objects.create(extension=anna, undo_seconds=10)
    return anna


def write(browser: Client, session: Session, words: str, **fields: Any) -> str:
    return text(browser.post(f"/s/{session.pk}/write/", {"text": words, **fields}, headers=HTMX))


def undo(browser: Client, message: Message, typed: str = "") -> Any:
    address = f"/s/{message.session_id}/messages/{message.pk}/undo/"
    form = {"typed": typed, "shown": str(message.pk)}
    return browser.post(address, form, headers=HTMX)


def test_without_the_setting_a_message_leaves_at_once(browser: Client, mine: Session) -> None:
    shown = write(browser, mine, "Hello")
    assert Message.objects.due().count() == 1
    assert ">Undo<" not in shown and "Leaves" not in shown


def test_a_message_waits_and_says_so_to_its_author_alone(
    browser: Client, careful: Extension, mine: Session
) -> None:
    shown = write(browser, mine, "Hello")
    message = Message.objects.get()
    wait = (message.due_at - timezone.now()).total_seconds()
    assert 8 < wait <= 10 and not Message.objects.due().exists()
    assert f'id="undo-{message.pk}"' in shown and 'Leaves <span class="left">in 10 s' in shown
    Message.objects.update(author=ExtensionFactory())
    shown = text(browser.get(f"/s/{mine.pk}/"))
    assert "Leaves" in shown and f'id="undo-{message.pk}"' not in shown


def test_undo_takes_it_back_before_what_was_typed_since(
    browser: Client, careful: Extension, mine: Session
) -> None:
    MessageFactory(session=mine, text="A question")
    write(browser, mine, "Hello")
    message = Message.objects.get(direction=Message.OUT)
    answer = undo(browser, message, typed="and more")
    assert answer.status_code == 200
    assert f'data-gone="{message.pk}"' in text(answer)
    assert ">Hello\nand more</textarea>" in text(answer)
    assert Draft.objects.get().text == "Hello\nand more"
    assert not Message.objects.filter(direction=Message.OUT).exists()
    mine.refresh_from_db()
    assert (mine.last_text, mine.last_inbound) == ("A question", True)
    assert undo(browser, message).status_code == 200  # asked twice


def test_once_claimed_it_is_never_undone(
    browser: Client, careful: Extension, mine: Session
) -> None:
    write(browser, mine, "Hello")
    Message.objects.update(due_at=timezone.now())
    (claimed,) = outbox.claim({mine.channel_id: 1})
    message = Message.objects.get(pk=claimed.outcome.message)
    answer = undo(browser, message)
    assert answer.status_code == 422
    assert "Too late: this message has left already." in text(answer)
    message.refresh_from_db()
    assert message.status == Message.SENDING and not Draft.objects.exists()
    Message.objects.update(status=Message.QUEUED)  # the provider was busy: it may know it by now
    assert undo(browser, message).status_code == 422


def test_what_is_undone_is_never_claimed(
    browser: Client, careful: Extension, mine: Session
) -> None:
    write(browser, mine, "Hello")
    undo(browser, Message.objects.get())
    Message.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert outbox.claim({mine.channel_id: 5}) == []


def test_files_come_back_together_or_not_at_all(
    browser: Client, careful: Extension, mine: Session, django_capture_on_commit_callbacks: Any
) -> None:
    pictures = [SimpleUploadedFile(f"{n}.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40) for n in range(2)]
    write(browser, mine, "Look", files=pictures)
    messages = list(Message.objects.order_by("pk"))
    storage, names = Attachment.file.field.storage, [a.file.name for a in Attachment.objects.all()]
    if len(messages) > 1:
        Message.objects.filter(pk=messages[0].pk).update(status=Message.SENDING)
        assert undo(browser, messages[1]).status_code == 422
        assert Message.objects.get(pk=messages[1].pk).due_at is not None
        Message.objects.filter(pk=messages[0].pk).update(status=Message.QUEUED)
    with django_capture_on_commit_callbacks(execute=True):
        assert undo(browser, messages[-1]).status_code == 200
    assert not Message.objects.exists() and not Attachment.objects.exists()
    assert len(names) == 2 and not any(storage.exists(name) for name in names)
    assert Draft.objects.get().text == "Look"


def test_only_the_author_takes_a_message_back(
    browser: Client, careful: Extension, ben: Extension, mine: Session
) -> None:
    write(browser, mine, "Hello")
    message = Message.objects.get()
    assert undo(logged_in(ben), message).status_code == 404
    Message.objects.update(author=ben)
    assert undo(browser, message).status_code == 422
    assert Message.objects.exists()


def test_settings_are_the_agents_own(browser: Client, anna: Extension, ben: Extension) -> None:
    saved = text(browser.post("/settings/", {"undo_seconds": "30"}, headers=HTMX))
    assert "Saved" in saved and 'value="30" checked' in saved
    assert AgentSettings.of(anna).undo_seconds == 30
    assert AgentSettings.of(ben).undo_seconds == 0
    for wrong in ("7", "", "x", "99999999"):
        assert browser.post("/settings/", {"undo_seconds": wrong}).status_code == 422
    assert AgentSettings.of(anna).undo_seconds == 30
