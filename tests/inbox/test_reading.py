"""Reading a thread: groups, where the unread begins, links, and pages that were far behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from routing.inbox import bubbles
from routing.inbox.texts import linked
from routing.models import Extension, Message, Session

from ..factories import MessageFactory
from .conftest import HTMX, text

pytestmark = pytest.mark.django_db


def joined(session: Session) -> list[bool]:
    return [bubble.joined for bubble in bubbles.newest(session)[0]]


def test_one_person_within_two_minutes_is_one_group(
    mine: Session, anna: Extension, ben: Extension
) -> None:
    begin = timezone.now().replace(hour=12, minute=0, second=0)
    for seconds, author in (
        (0, None),
        (90, None),
        (300, None),
        (310, anna),
        (320, anna),
        (330, ben),
    ):
        at = begin + timedelta(seconds=seconds)
        MessageFactory(session=mine, author=author, answer=author is not None, created_at=at)
    assert joined(mine) == [False, True, False, False, True, False]


def test_news_know_the_group_and_the_day_they_go_on_with(mine: Session) -> None:
    at = timezone.now().replace(hour=12, minute=0, second=0)
    made = [
        MessageFactory(session=mine, created_at=at + timedelta(seconds=n), answer=n == 0)
        for n in range(4)
    ]
    (first, last), _ = bubbles.changed(mine, made[2].pk, [made[0].pk])
    assert first.day and not last.day and not first.joined and last.joined


def test_the_first_unread_is_marked_once_it_is_opened(browser: Client, mine: Session) -> None:
    made = [MessageFactory(session=mine) for _ in range(5)]
    Session.objects.update(unread=2)
    page = text(browser.get(f"/s/{mine.pk}/"))
    line = page.index('id="unread-line"')
    assert page.index(f'id="m{made[2].pk}"') < line < page.index(f'id="m{made[3].pk}"')
    assert 'id="unread-line"' not in text(browser.get(f"/s/{mine.pk}/"))


def test_a_page_that_is_far_behind_gets_a_part_and_asks_again(
    browser: Client, mine: Session, django_assert_max_num_queries: Any
) -> None:
    MessageFactory.create_batch(bubbles.MOST + 20, session=mine, channel=mine.channel)
    keys = list(Message.objects.values_list("pk", flat=True))
    with django_assert_max_num_queries(12):
        news = text(browser.get(f"/s/{mine.pk}/news/?after={keys[0]}&shown=", headers=HTMX))
    assert "data-behind" in news and news.count("data-message=") == bubbles.MOST
    after = keys[bubbles.MOST]
    news = text(browser.get(f"/s/{mine.pk}/news/?after={after}&shown={keys[3]}", headers=HTMX))
    assert "data-behind" not in news and news.count("data-message=") == 20


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("https://bank.example@evil.example/x", "(evil.example)"),
        ("https://\u0430pple.example/", "(xn--"),
        ("https://www.bank.example:443@evil.example", "(evil.example)"),
    ],
)
def test_a_link_that_hides_its_host_tells_it(written: str, told: str) -> None:
    assert told in linked(written)


@pytest.mark.parametrize(
    "plain", ["https://shop.example/a?b=1&c=2", "www.shop.example", "Shop.example/x"]
)
def test_a_plain_link_needs_no_more(plain: str) -> None:
    assert 'class="host"' not in linked(plain)


def test_texts_are_escaped_with_and_without_links() -> None:
    for written in ("<b>\n&", '<b>\n& https://a.example/"><script>'):
        html = linked(written)
        assert "&lt;b&gt;<br>&amp;" in html and "<script" not in html and "<b>" not in html
