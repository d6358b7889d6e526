"""Starting a session, and what is not an agent's own."""

from __future__ import annotations

import pytest
from django.test import Client

from routing.models import Attachment, Extension, Message, Session

from ..factories import (
    ExtensionFactory,
    MessageFactory,
    QueueFactory,
    RuleFactory,
    SessionFactory,
)
from .conftest import HTMX, logged_in, text

pytestmark = pytest.mark.django_db

# --- starting ----------------------------------------------------------------------------------


def test_new_session_from_an_allowed_number_only(browser: Client, anna: Extension) -> None:
    allowed, other = RuleFactory(may_start=[anna]).number, RuleFactory().number
    page = text(browser.get("/new/"))
    assert allowed.value in page and other.value not in page
    form = {"recipient": "+41 79 555 44 33", "text": "Hello", "client_key": "n1"}
    refused = browser.post("/new/", {**form, "number": other.pk}, headers=HTMX)
    assert refused.status_code == 422 and not Session.objects.exists()
    for _ in range(2):
        started = browser.post("/new/", {**form, "number": allowed.pk}, headers=HTMX)
    session = Session.objects.get()
    assert started.headers["X-Parley-Open"] == f"/s/{session.pk}/"
    assert Message.objects.filter(direction=Message.OUT).count() == 1
    assert session.customer.address == "+41795554433" and session.holder == anna


def test_wrong_recipient_keeps_what_was_typed(browser: Client, anna: Extension) -> None:
    number = RuleFactory(may_start=[anna]).number
    form = {"number": number.pk, "recipient": "call me", "text": "A long text", "client_key": "n"}
    answer = browser.post("/new/", form)
    assert answer.status_code == 422
    for part in ("not a phone number", "call me", "A long text"):
        assert part in text(answer)


# --- what is not theirs ------------------------------------------------------------------------


def test_every_door_of_anothers_session_is_a_404(browser: Client) -> None:
    theirs = SessionFactory(holder=ExtensionFactory(), last_text="Secret words")
    message = MessageFactory(session=theirs, answer=True, status=Message.FAILED, text="Secret")
    file = Attachment.objects.create(message=message, name="x", content_type="image/png")
    base = f"/s/{theirs.pk}/"
    gets = [base, f"{base}news/", f"{base}transfer/", f"/files/{file.pk}/"]
    names = ("write", "pick-up", "transfer", "close", "archive", "unarchive")
    posts = [f"{base}{name}/" for name in names]
    posts += [f"{base}messages/{message.pk}/retry/", f"{base}files/{file.pk}/reload/"]
    for headers in ({}, HTMX):
        for address in gets:
            assert browser.get(address, headers=headers).status_code == 404, address
        for address in posts:
            sent = browser.post(address, {"text": "x", "to": "queue:1"}, headers=headers)
            assert sent.status_code == 404, address
    assert "Secret" not in text(browser.get("/"))
    theirs.refresh_from_db()
    assert theirs.closed_at is None and not theirs.archivings.exists()


def test_message_or_file_of_another_session_is_a_404(browser: Client, mine: Session) -> None:
    message = MessageFactory(answer=True, status=Message.FAILED)
    file = Attachment.objects.create(message=message, name="x", content_type="image/png")
    for address in (f"messages/{message.pk}/retry/", f"files/{file.pk}/reload/"):
        assert browser.post(f"/s/{mine.pk}/{address}").status_code == 404


def test_buttons_refuse_other_methods_and_forged_requests(anna: Extension, mine: Session) -> None:
    browser = logged_in(anna)
    assert browser.get(f"/s/{mine.pk}/close/").status_code == 405
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(anna.user)
    assert forged.post(f"/s/{mine.pk}/close/").status_code == 403


def test_who_was_first_is_told_to_members_of_the_queue_alone(browser: Client) -> None:
    queue = QueueFactory(members=[ExtensionFactory()])
    held = SessionFactory(queue=queue, holder=ExtensionFactory(name="Cem"))
    waiting = SessionFactory(queue=queue)
    for session in (held, waiting):
        for headers in ({}, HTMX):
            assert browser.post(f"/s/{session.pk}/pick-up/", headers=headers).status_code == 404
            for address in (f"/s/{session.pk}/", f"/s/{session.pk}/news/"):
                answer = browser.get(address, headers=headers)
                assert answer.status_code == 404 and "Cem" not in text(answer)
