"""One session: its page, its news, and what its buttons do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from routing.models import Attachment, Extension, Message, Queue, Session

from ..factories import (
    MessageFactory,
    PlatformFactory,
    SessionFactory,
)
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db


def test_page_and_fragment_show_the_same_thread(browser: Client, mine: Session) -> None:
    message = MessageFactory(session=mine, text="Is it on its way?")
    page, part = browser.get(f"/s/{mine.pk}/"), browser.get(f"/s/{mine.pk}/", headers=HTMX)
    for answer in (page, part):
        assert f'id="m{message.pk}"' in text(answer) and "Is it on its way?" in text(answer)
    assert "<html" in text(page) and "<html" not in text(part)


def test_opening_marks_as_read(browser: Client, mine: Session) -> None:
    Session.objects.update(unread=4)
    browser.get(f"/s/{mine.pk}/")
    mine.refresh_from_db()
    assert mine.unread == 0


def test_looking_at_what_waits_leaves_it_unread(browser: Client, queue: Queue) -> None:
    waiting = SessionFactory(queue=queue, unread=2)
    browser.get(f"/s/{waiting.pk}/")
    waiting.refresh_from_db()
    assert waiting.unread == 2


def test_customers_text_is_escaped_and_links_are_safe(browser: Client, mine: Session) -> None:
    MessageFactory(session=mine, text='<script>x</script> "rel="nofollow" https://a.example/?b=1&c')
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "<script>x" not in page and "&lt;script&gt;x" in page
    assert 'rel="nofollow noopener noreferrer" target="_blank"' in page
    assert "javascript:" not in page


def test_script_addresses_do_not_become_links(browser: Client, mine: Session) -> None:
    MessageFactory(session=mine, text="javascript:alert(1) data:text/html,x")
    thread = text(browser.get(f"/s/{mine.pk}/", headers=HTMX))
    assert 'href="javascript' not in thread and 'href="data' not in thread


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("sending", "", "Sending"),
        ("sent", "", "Sent"),
        ("delivered", "", "Delivered"),
        ("read", "", "Read"),
        ("failed", "No such number.", "Not sent. No such number."),
        ("unknown", "No answer.", "It is not known whether this arrived. No answer."),
        ("queued", "the provider is slow", "Waiting: the provider is slow"),
    ],
)
def test_each_state_has_words(
    browser: Client, mine: Session, status: str, reason: str, words: str
) -> None:
    MessageFactory(session=mine, answer=True, status=status, reason=reason)
    assert words in text(browser.get(f"/s/{mine.pk}/"))


def test_waiting_message_tells_its_place(browser: Client, mine: Session) -> None:
    mine.channel.rate = 1
    mine.channel.save()
    for _ in range(2):
        MessageFactory(session=mine, answer=True)
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "Waiting: position 1, about 1 s (channel limit 1/s)" in page
    assert "Waiting: position 2, about 2 s (channel limit 1/s)" in page


def test_days_stand_between_messages_once(browser: Client, mine: Session) -> None:
    now = timezone.now()
    for days in (3, 1, 1, 0):
        MessageFactory(session=mine, created_at=now - timedelta(days=days))
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert page.count('class="day"') == 3
    assert page.count(">Yesterday<") == 1 and page.count(">Today<") == 1


def test_older_messages_come_page_by_page(browser: Client, mine: Session) -> None:
    made = [MessageFactory(session=mine, text=f"Line {n}.") for n in range(70)]
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "Line 69." in page and "Line 19." not in page
    assert f"?before={made[20].pk}" in page
    older = text(browser.get(f"/s/{mine.pk}/?before={made[20].pk}", headers=HTMX))
    assert "Line 19." in older and "Line 0." in older and "Line 20." not in older
    assert 'id="older"' not in older and "<article" not in older


def test_news_hold_what_is_new_and_what_was_asked_about(browser: Client, mine: Session) -> None:
    first, second, third = (MessageFactory(session=mine) for _ in range(3))
    elsewhere = MessageFactory()
    address = f"/s/{mine.pk}/news/?after={second.pk}&shown={first.pk}-{elsewhere.pk}-x"
    news = text(browser.get(address, headers=HTMX))
    assert f'id="m{first.pk}"' in news and f'id="m{third.pk}"' in news
    assert f'id="m{second.pk}"' not in news and f'id="m{elsewhere.pk}"' not in news


def test_answer_is_queued_once_however_often_it_is_posted(browser: Client, mine: Session) -> None:
    form = {"text": "On its way", "client_key": "k1", "after": "0", "shown": ""}
    for _ in range(2):
        answer = browser.post(f"/s/{mine.pk}/write/", form, headers=HTMX)
        assert answer.status_code == 200 and "On its way" in text(answer)
    (message,) = Message.objects.filter(direction=Message.OUT)
    assert (message.status, message.text) == (Message.QUEUED, "On its way")


def test_without_script_the_answer_leads_back_to_the_page(browser: Client, mine: Session) -> None:
    answer = browser.post(f"/s/{mine.pk}/write/", {"text": "Hello", "client_key": "k"})
    assert answer.headers["Location"] == f"/s/{mine.pk}/"


def test_empty_answer_is_refused_with_a_reason(browser: Client, mine: Session) -> None:
    answer = browser.post(f"/s/{mine.pk}/write/", {"text": "  "}, headers=HTMX)
    assert answer.status_code == 422 and "Write a text or choose a file." in text(answer)
    page = browser.post(f"/s/{mine.pk}/write/", {"text": ""})
    assert page.status_code == 422 and "Write a text or choose a file." in text(page)


def test_file_goes_along_and_a_too_large_one_is_refused(
    browser: Client, mine: Session, settings: Any
) -> None:
    picture = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 50, "image/png")
    form = {"text": "", "client_key": "f", "files": [picture]}
    assert browser.post(f"/s/{mine.pk}/write/", form, headers=HTMX).status_code == 200
    assert Attachment.objects.get().name == "a.png"
    settings.UPLOAD_MAX_BYTES = 10
    picture.seek(0)
    refused = browser.post(f"/s/{mine.pk}/write/", {**form, "client_key": "g"}, headers=HTMX)
    assert refused.status_code == 422 and "at most" in text(refused)


def test_closed_session_locks_the_composer(browser: Client, mine: Session) -> None:
    browser.post(f"/s/{mine.pk}/close/")
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "This session is closed." in page and 'name="text"' not in page
    assert "Anna closed the session" in page
    answer = browser.post(f"/s/{mine.pk}/write/", {"text": "Hello"}, headers=HTMX)
    assert answer.status_code == 422 and "This session is closed." in text(answer)


def test_second_agent_is_told_who_picked_up(queue: Queue, anna: Extension, ben: Extension) -> None:
    waiting = SessionFactory(queue=queue)
    first = logged_in(anna).post(f"/s/{waiting.pk}/pick-up/", headers=HTMX)
    assert first.status_code == 200 and "Anna picked up" in text(first)
    second = logged_in(ben).post(f"/s/{waiting.pk}/pick-up/", headers=HTMX)
    assert second.status_code == 410
    assert "Anna was first" in text(second) and "1 s ago" in text(second)
    for address in (f"/s/{waiting.pk}/", f"/s/{waiting.pk}/news/"):
        assert "Anna was first" in text(logged_in(ben).get(address, headers=HTMX))


def test_transfer_offers_all_and_gives_the_session_away(
    browser: Client, mine: Session, ben: Extension
) -> None:
    platform = PlatformFactory(name="Analytics")
    dialog = text(browser.get(f"/s/{mine.pk}/transfer/", headers=HTMX))
    assert "Ben" in dialog and "Support" in dialog and platform.name in dialog
    assert f'"extension:{mine.holder_id}"' not in dialog
    answer = browser.post(f"/s/{mine.pk}/transfer/", {"to": f"extension:{ben.pk}"}, headers=HTMX)
    assert answer.status_code == 200 and answer.headers["X-Parley-Left"] == "/"
    mine.refresh_from_db()
    assert mine.holder == ben
    assert browser.get(f"/s/{mine.pk}/", headers=HTMX).status_code == 404
    assert "Anna transferred to Ben" in text(logged_in(ben).get(f"/s/{mine.pk}/"))


@pytest.mark.parametrize("to", ["", "extension:", "user:1", "queue:x"])
def test_transfer_to_nobody_is_refused(browser: Client, mine: Session, to: str) -> None:
    answer = browser.post(f"/s/{mine.pk}/transfer/", {"to": to}, headers=HTMX)
    assert answer.status_code == 422 and "Choose who gets this session." in text(answer)


def test_archive_and_back(browser: Client, mine: Session) -> None:
    answer = browser.post(f"/s/{mine.pk}/archive/", {"list": "?view=mine"})
    assert answer.headers["Location"] == "/?view=mine"
    assert "Unarchive" in text(browser.get(f"/s/{mine.pk}/"))
    browser.post(f"/s/{mine.pk}/unarchive/")
    assert "Unarchive" not in text(browser.get(f"/s/{mine.pk}/"))


def test_retry_puts_a_failed_message_back(browser: Client, mine: Session) -> None:
    message = MessageFactory(session=mine, answer=True, status=Message.FAILED, reason="No.")
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert ">Retry</button>" in page
    answer = browser.post(f"/s/{mine.pk}/messages/{message.pk}/retry/", {"after": message.pk})
    assert answer.status_code == 302
    message.refresh_from_db()
    assert message.status == Message.QUEUED


def test_sending_an_unknown_one_again_asks_first(browser: Client, mine: Session) -> None:
    MessageFactory(session=mine, answer=True, status=Message.UNKNOWN)
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert ">Send again</button>" in page and "data-confirm=" in page and "twice" in page


def test_missing_file_can_be_tried_again(browser: Client, mine: Session) -> None:
    message = MessageFactory(session=mine, text="")
    file = Attachment.objects.create(
        message=message,
        state=Attachment.MISSING,
        reason="HTTP 404.",
        name="scan.jpg",
        content_type="image/jpeg",
        source_url="https://files.example/scan.jpg",
    )
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "This file is missing. HTTP 404." in page and ">Try again</button>" in page
    browser.post(f"/s/{mine.pk}/files/{file.pk}/reload/")
    file.refresh_from_db()
    assert file.state == Attachment.PENDING
