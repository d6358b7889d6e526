"""The administrator's pages of customers, and the tools for one person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from routing.desk import Refused, card_import, cards, person
from routing.desk.card_facts import clean
from routing.models import (
    AddressBook,
    Attachment,
    Card,
    CardEvent,
    CardField,
    CardImport,
    Customer,
    Draft,
    Erasure,
    Exchange,
    Extension,
    Message,
    Session,
    Tag,
)

from .factories import CustomerFactory, ExtensionFactory, MessageFactory, SessionFactory

pytestmark = pytest.mark.django_db
ADMIN = "/admin/routing"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def anna() -> Extension:
    return ExtensionFactory(name="Anna")


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def lena(anna: Extension) -> Card:
    typed = {"name": "Lena", "email": "l@x.example", "numbers": [("", "+41791112233")]}
    return cards.keep(anna, None, clean(typed))


def test_all_pages_open(browser: Client, lena: Card) -> None:
    SessionFactory(customer=lena.addresses.get())
    Tag.objects.create(name="Late", colour="red")
    CardField.objects.create(name="Level")
    AddressBook.objects.create(pk=1)
    for name in ("card", "customer", "tag", "cardfield", "cardevent", "erasure", "cardimport"):
        assert browser.get(f"{ADMIN}/{name}/").status_code == 200, name
    for address in (f"card/{lena.pk}/change/", "card/add/", "tag/add/", "cardfield/add/"):
        assert browser.get(f"{ADMIN}/{address}").status_code == 200, address
    assert browser.get(f"{ADMIN}/addressbook/").headers["Location"].endswith("/1/change/")
    address = lena.addresses.get()
    assert b"Lena" in browser.get(f"{ADMIN}/customer/{address.pk}/change/").content


def test_a_card_is_changed_checked_and_recorded(browser: Client, lena: Card) -> None:
    level = CardField.objects.create(name="Level", kind="choice", choices="Gold")
    form = {"name": "Léna", "values-TOTAL_FORMS": "1", "values-INITIAL_FORMS": "0"}
    form |= {"values-0-field": level.pk, "values-0-text": "tin", "values-0-card": lena.pk}
    page = f"{ADMIN}/card/{lena.pk}/change/"
    assert b"must be one of: Gold" in browser.post(page, form).content
    assert browser.post(page, {**form, "values-0-text": "gold"}).status_code == 302
    lena.refresh_from_db()
    assert lena.values.get().text == "Gold" and str(lena.addresses.get()) == "Léna"
    event = CardEvent.objects.filter(card=lena).first()
    assert event.by == "root" and event.facts["name"] == ["Lena", "Léna"]


def test_a_card_with_sessions_is_not_deleted(browser: Client, lena: Card) -> None:
    session = SessionFactory(customer=lena.addresses.get())
    told = browser.post(f"{ADMIN}/card/{lena.pk}/delete/", {"post": "yes"}, follow=True)
    assert b"has sessions" in told.content and Card.objects.exists()
    session.delete()
    browser.post(f"{ADMIN}/card/{lena.pk}/delete/", {"post": "yes"})
    assert not Card.objects.exists()


def test_import_and_export_in_the_admin(browser: Client, lena: Card) -> None:
    file = ContentFile(b"name,phone\nBen,+41791112244\nX,y\n", name="a.csv")
    made = browser.post(f"{ADMIN}/card/import/", {"file": file, "country": ""})
    job = CardImport.objects.get()
    assert made.headers["Location"] == f"{ADMIN}/card/import/{job.pk}/"
    assert browser.get(made.headers["Location"]).headers["Refresh"] == "2"
    card_import.work()
    page = browser.get(f"{made.headers['Location']}?plan=refused")
    assert b"Nothing is changed yet" in page.content and b"not a phone number" in page.content
    browser.post(made.headers["Location"], {"act": "start"})
    card_import.work()
    assert b"Done: 2 of 2" in browser.get(made.headers["Location"]).content
    text = b"".join(browser.get(f"{ADMIN}/card/export/").streaming_content).decode()
    assert "Ben" in text and "Lena" in text


# --- one person --------------------------------------------------------------------------------


@pytest.fixture
def story(anna: Extension, lena: Card) -> Session:
    """A session with texts, a note, a file, a draft, and a log that repeats them."""
    session = SessionFactory(customer=lena.addresses.get(), holder=anna, last_text="Secret one")
    first = MessageFactory(session=session, text="Secret one")
    MessageFactory(session=session, text="Secret note", direction=Message.SYSTEM, event="note")
    file = Attachment(message=first, name="secret.txt", content_type="text/plain", size=6)
    file.file.save("a.txt", ContentFile(b"Secret"))
    Draft.objects.create(extension=anna, session=session, text="Secret draft")
    calls = json.dumps([{"body": "from 41791112233: Secret one"}])
    Exchange.objects.create(channel=session.channel, kind="webhook", outcome="ok", calls=calls)
    Exchange.objects.create(channel=session.channel, kind="webhook", outcome="ok", calls="[1]")
    return session


def test_everything_about_a_customer_is_handed_out(
    browser: Client, lena: Card, story: Session
) -> None:
    SessionFactory(last_text="Somebody else's")
    answer = browser.get(f"{ADMIN}/card/{lena.pk}/everything/")
    text = answer.content.decode()
    head, session = json.loads(text)["parts"]
    assert head["customer"]["email"] == "l@x.example" and head["changes"][0]["kind"] == "made"
    assert [m["text"] for m in session["messages"]] == ["Secret one", "Secret note"]
    assert session["messages"][0]["files"][0]["name"] == "secret.txt"
    assert "Somebody" not in text and "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.django_db(transaction=True)
def test_a_customer_is_erased_with_a_report(browser: Client, lena: Card, story: Session) -> None:
    file = Attachment.objects.get().file
    page = f"{ADMIN}/card/{lena.pk}/erase/"
    assert b"1 session" in browser.get(page).content and Card.objects.exists()
    done = browser.post(page, follow=True)
    report = Erasure.objects.get()
    assert report.by == "root" and b"erased" in done.content
    wanted = {"sessions": 1, "messages": 2, "files": 1, "cards": 1, "addresses": 1}
    assert wanted.items() <= report.counts.items() and report.counts["log entries"] == 1
    assert not Card.objects.exists() and not Message.objects.exists()
    assert not Draft.objects.exists() and not CardEvent.objects.exists()
    assert not file.storage.exists(file.name) and Exchange.objects.count() == 1
    story.refresh_from_db()
    assert story.closed_at and story.last_text == ""
    left = Customer.objects.get()
    assert (left.network, left.name) == ("erased", "") and "791112233" not in left.address
    assert "Lena" not in json.dumps(report.counts)


def test_nothing_is_erased_while_a_message_is_on_its_way(lena: Card, story: Session) -> None:
    message = MessageFactory(session=story, answer=True, status=Message.SENDING)
    with pytest.raises(Refused, match="being sent"):
        person.erase("root", list(lena.addresses.all()), lena)
    assert Message.objects.filter(text="Secret one").exists() and Card.objects.exists()
    Message.objects.filter(pk=message.pk).update(status=Message.SENT, sent_at=timezone.now())
    person.erase("root", list(lena.addresses.all()), lena)
    assert not Card.objects.exists()


def test_bare_addresses_and_who_may(browser: Client, lena: Card) -> None:
    bare = CustomerFactory(address="+41791119999")
    SessionFactory(customer=bare)
    joined = lena.addresses.get()
    to_card = browser.get(f"{ADMIN}/customer/{joined.pk}/erase/")
    assert to_card.headers["Location"] == f"{ADMIN}/card/{lena.pk}/erase/"
    assert b"+41791119999" in browser.get(f"{ADMIN}/customer/{bare.pk}/everything/").content
    browser.post(f"{ADMIN}/customer/{bare.pk}/erase/")
    assert not Customer.objects.filter(address="+41791119999").exists()
    clerk = Client()
    clerk.force_login(User.objects.create(username="clerk", is_staff=True))
    for address in (f"card/{lena.pk}/erase/", f"card/{lena.pk}/everything/", "card/export/"):
        assert clerk.get(f"{ADMIN}/{address}").status_code == 403, address
    assert clerk.post(f"{ADMIN}/card/{lena.pk}/erase/").status_code == 403
