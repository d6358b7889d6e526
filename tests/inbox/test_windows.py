"""The composer of a chat network: time left, locked, a template instead; New session there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from providers.base import MediaRules
from routing.models import Extension, Message, Session

from .. import chat
from ..factories import CustomerFactory, NumberFactory, RuleFactory, SessionFactory
from .conftest import HTMX, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def network(monkeypatch: Any) -> Any:
    def templates(self: Any) -> Any:
        return []
        yield

    return chat.dress_up(monkeypatch, templates=templates)


def wrote(session: Session, **ago: float) -> None:
    Session.objects.filter(pk=session.pk).update(inbound_at=timezone.now() - timedelta(**ago))


def test_the_composer_tells_the_time_left(network: Any, browser: Client, mine: Session) -> None:
    wrote(mine, hours=1, seconds=30)
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "Free texts for another" in page and "22 h 59 min" in page
    assert 'data-closes="' in page and 'data-lock=""' in page


def test_a_closed_window_locks_the_composer_and_offers_a_template(
    network: Any, browser: Client, mine: Session
) -> None:
    wrote(mine, hours=25)
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "and these are over. Send a template." in page and 'name="text"' not in page
    assert "Choose a template" not in page
    template = chat.template(mine.channel)
    chat.template(mine.channel, name="rejected", usable=False)
    chat.template(NumberFactory().channel, name="elsewhere")
    page = text(browser.get(f"/s/{mine.pk}/"))
    assert "Choose a template" in page
    dialog = text(browser.get(f"/s/{mine.pk}/template/", headers=HTMX))
    assert "appointment (en)" in dialog and f'name="value-{template.pk}-1"' in dialog
    assert "rejected" not in dialog and "elsewhere" not in dialog
    assert "<html" in text(browser.get(f"/s/{mine.pk}/template/"))


def test_a_template_is_filled_in_and_sent_once(
    network: Any, browser: Client, mine: Session
) -> None:
    template = chat.template(mine.channel)
    form = {"template": template.pk, f"value-{template.pk}-0": "Ida", "client_key": "t1"}
    refused = browser.post(f"/s/{mine.pk}/template/", form, headers=HTMX)
    assert refused.status_code == 422 and "Fill in all that" in text(refused)
    assert 'value="Ida"' in text(refused) and " selected>" in text(refused)
    form[f"value-{template.pk}-1"] = "Monday"
    for _ in range(2):
        sent = browser.post(f"/s/{mine.pk}/template/", form, headers=HTMX)
        assert sent.status_code == 200 and "Hello Ida, see you on Monday." in text(sent)
    assert Message.objects.get(direction=Message.OUT).template["values"] == ["Ida", "Monday"]


@pytest.mark.parametrize("chosen", ["", "0", "x", "9" * 30])
def test_a_template_must_be_one_of_those_offered(
    network: Any, browser: Client, mine: Session, chosen: str
) -> None:
    form = {"template": chosen}
    refused = browser.post(f"/s/{mine.pk}/template/", form, headers=HTMX)
    assert refused.status_code == 422 and "Choose a template." in text(refused)


def test_a_strangers_session_has_no_template_dialog(network: Any, browser: Client) -> None:
    theirs = SessionFactory()
    assert browser.get(f"/s/{theirs.pk}/template/", headers=HTMX).status_code == 404
    assert browser.post(f"/s/{theirs.pk}/template/", headers=HTMX).status_code == 404


def test_limits_are_shown_before_anything_travels(
    monkeypatch: Any, network: Any, browser: Client, mine: Session
) -> None:
    wrote(mine, hours=1)
    rules = MediaRules(
        16_000_000, types=("image/", "video/mp4"), sizes=(("image/", 5_000_000),), max_text=1024
    )
    chat.dress_up(monkeypatch, media=rules, max_text=4096, text_unit="utf-16")
    page = text(browser.get(f"/s/{mine.pk}/"))
    for part in (
        'data-max-text="4096"',
        'data-unit="utf-16"',
        'data-max-beside="1024"',
        'data-accept="image/*,video/mp4"',
        "[[&quot;image/&quot;, 5000000]]",
        "Attach a file: at most 16 MB (image 5 MB)",
    ):
        assert part in page
    assert "data-segments" in page  # the session's customer has a phone number


def test_a_phone_channels_page_asks_the_database_no_more(
    browser: Client, mine: Session, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(5):
        browser.get(f"/s/{mine.pk}/", headers=HTMX)


def test_a_session_is_started_by_a_template(network: Any, browser: Client, anna: Extension) -> None:
    number = RuleFactory(may_start=[anna]).number
    template = chat.template(number.channel)
    page = text(browser.get("/new/"))
    assert "None: a text of my own" in page and "The customer&#x27;s address in Sandbox" in page
    assert 'type="tel"' not in page
    form = {"number": number.pk, "recipient": "ida.q", "text": "Hello", "client_key": "n1"}
    refused = browser.post("/new/", form)
    assert refused.status_code == 422 and "this customer has not written yet" in text(refused)
    form |= {"template": template.pk, f"value-{template.pk}-0": "Ida"}
    refused = browser.post("/new/", form)
    assert refused.status_code == 422 and "Fill in all that" in text(refused)
    form[f"value-{template.pk}-1"] = "Monday"
    assert browser.post("/new/", form, headers=HTMX).headers["X-Parley-Open"]
    session = Session.objects.get()
    assert (session.customer.address, session.customer.network) == ("ida.q", "chat")
    assert Message.objects.get(direction=Message.OUT).text == "Hello Ida, see you on Monday."


def test_a_template_of_another_channel_is_not_sent(
    network: Any, browser: Client, anna: Extension
) -> None:
    number, other = (RuleFactory(may_start=[anna]).number for _ in range(2))
    template = chat.template(other.channel, variables=[], body="Hello")
    form = {"number": number.pk, "recipient": "ida", "text": "", "template": template.pk}
    assert browser.post("/new/", form).status_code == 422
    assert not Session.objects.exists()


def test_the_default_channel_is_offered_first(browser: Client, anna: Extension) -> None:
    RuleFactory(may_start=[anna], number__value="+41790000001")
    last = RuleFactory(may_start=[anna], number__value="+41790000009").number
    last.channel.default_outgoing = True
    last.channel.save()
    page = text(browser.get("/new/"))
    assert page.index("+41790000009") < page.index("+41790000001")


def test_a_customer_without_a_phone_number_fits_list_and_head(
    network: Any, browser: Client, anna: Extension
) -> None:
    customer = CustomerFactory(network="chat", address="25127180987654321", name="")
    session = SessionFactory(holder=anna, customer=customer, last_text="Hi")
    page = text(browser.get(f"/s/{session.pk}/"))
    assert page.count("25127180987654321") >= 3 and "data-segments" not in page
