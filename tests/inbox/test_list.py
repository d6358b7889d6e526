"""The agent's list: what is in each view, in which order, and at what cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from routing import desk
from routing.inbox.choice import VIEWS, Choice
from routing.inbox.listing import listing
from routing.models import Extension, Message, Queue, Session

from ..factories import (
    PASSWORD,
    CustomerFactory,
    ExtensionFactory,
    MessageFactory,
    NumberFactory,
    QueueFactory,
    SessionFactory,
    User,
)

pytestmark = pytest.mark.django_db


def shown(extension: Extension, view: str = "all") -> list[Session]:
    return [row.session for row in listing(extension, Choice(view)).rows]


def test_login_by_username_and_password(anna: Extension) -> None:
    client = Client()
    assert client.get("/").headers["Location"].startswith("/login/")
    page = client.get("/login/").content.decode()
    assert "Username" in page and "Password" in page and ">Log in</button>" in page
    answer = client.post("/login/", {"username": anna.user.username, "password": PASSWORD})
    assert answer.headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_wrong_password_is_told() -> None:
    answer = Client().post("/login/", {"username": "nobody", "password": "wrong"})
    assert 'role="alert"' in answer.content.decode()


def test_user_without_extension_is_told_so_and_staff_get_the_admin() -> None:
    client = Client()
    client.force_login(User())
    answer = client.get("/")
    assert answer.status_code == 403
    assert "no extension yet" in answer.content.decode()
    assert "/admin/" not in answer.content.decode()
    client.force_login(User(is_staff=True))
    assert 'href="/admin/"' in client.get("/").content.decode()


def test_views_hold_what_they_say(anna: Extension) -> None:
    manual = QueueFactory(members=[anna])
    shared = QueueFactory(members=[anna], pickup=Queue.NONE)
    mine = SessionFactory(holder=anna, queue=manual)
    closed = SessionFactory(holder=anna, closed_at=timezone.now())
    waiting = SessionFactory(queue=manual)
    together = SessionFactory(queue=shared)
    put_away = SessionFactory(holder=anna)
    desk.archive(anna, put_away)
    SessionFactory(holder=ExtensionFactory(), queue=manual)
    SessionFactory(queue=QueueFactory())
    assert set(shown(anna)) == {mine, closed, waiting, together}
    assert set(shown(anna, "mine")) == {mine, together}
    assert shown(anna, "unassigned") == [waiting]
    assert shown(anna, "archived") == [put_away]
    assert shown(anna, f"queue-{manual.pk}") == [waiting]
    assert shown(anna, f"queue-{shared.pk}") == [together]
    page = listing(anna)
    assert {tab.name: tab.found for tab in page.tabs} == {"Mine": 2, "Unassigned": 1, "All": 4}
    beside = {manual.name: 1, shared.name: 1, "Failed": 0, "Snoozed": 0, "Archived": 1}
    assert {section.name: section.found for section in page.sections} == beside


def test_agent_without_queues_has_every_view(anna: Extension) -> None:
    assert [shown(anna, view) for view in VIEWS] == [[]] * len(VIEWS)


def test_archived_session_comes_back_with_the_next_message(anna: Extension) -> None:
    session = SessionFactory(holder=anna)
    desk.archive(anna, session)
    assert shown(anna) == []
    session.touch("Again", inbound=True)
    assert shown(anna) == [session] and shown(anna, "archived") == []


def test_newest_first_and_pages_meet_without_gap_or_double(anna: Extension) -> None:
    queue, number = QueueFactory(members=[anna]), NumberFactory()
    now = timezone.now()
    for n in range(130):
        # Three of a kind share one time, so that the key has to decide.
        SessionFactory(
            number=number,
            last_at=now - timedelta(seconds=n // 3),
            **({"holder": anna} if n % 2 else {"queue": queue}),
        )
    wanted = list(Session.objects.order_by("-last_at", "-pk"))
    found: list[Session] = []
    before = ""
    for size in (50, 50, 30):
        page = listing(anna, Choice(), before)
        assert len(page.rows) == size and page.more == (size == 50)
        found += [row.session for row in page.rows]
        before = page.older.partition("before=")[2]
    assert found == wanted


def test_next_page_is_a_fragment_that_ends_the_list(browser: Client, anna: Extension) -> None:
    number = NumberFactory()
    for _ in range(51):
        SessionFactory(holder=anna, number=number)
    page = browser.get("/?view=mine").content.decode()
    assert page.count('class="row"') == 50 and "That is everything" not in page
    before = listing(anna, Choice("mine")).older.partition("before=")[2]
    rest = browser.get(f"/?view=mine&before={before}", headers={"HX-Request": "true"})
    assert rest.content.decode().count('class="row"') == 1
    assert "That is everything" in rest.content.decode()
    assert "<html" not in rest.content.decode()


def test_row_shows_who_where_and_what(browser: Client, anna: Extension) -> None:
    queue = QueueFactory(name="Support", members=[anna])
    customer = CustomerFactory(name="Lena <b>", address="+41791112233")
    number = NumberFactory(value="+41791234510")
    SessionFactory(queue=queue, customer=customer, number=number, last_text="Is it on?", unread=3)
    page = browser.get("/").content.decode()
    row = page[
        page.index('class="row unread"') : page.index("</li>", page.index('class="row unread"'))
    ]
    for part in (
        "Lena &lt;b&gt;",
        "+41791234510",
        "Support",
        "Is it on?",
        "3",
        "unread",
        "Waiting",
    ):
        assert part in row
    assert "<title>(1) Parley</title>" in page


def test_row_tells_who_spoke_last(
    browser: Client, anna: Extension, ben: Extension, queue: Queue
) -> None:
    session = SessionFactory(queue=queue, last_text="On its way", last_inbound=False)
    for author, told in ((ben, "Ben:"), (anna, "You:")):
        MessageFactory(session=session, author=author, answer=True)
        assert told in browser.get("/").content.decode()
    Session.objects.update(last_inbound=True)
    assert "You:" not in browser.get("/").content.decode()


def test_row_marks_drafts_mentions_and_what_was_not_sent(
    browser: Client, anna: Extension, ben: Extension, queue: Queue
) -> None:
    session = SessionFactory(holder=anna, queue=queue)
    page = browser.get("/").content.decode()
    marks = ("Draft", "You are mentioned", "A message was not sent")
    assert not any(mark in page for mark in marks)
    desk.keep_draft(anna, session, "Dear")
    MessageFactory(session=session, answer=True, status=Message.FAILED)
    desk.note(ben, session, f"@{anna.name}, please")
    page = browser.get("/").content.decode()
    assert all(mark in page for mark in marks)


def test_equal_rows_are_written_once_and_what_a_customer_writes_is_escaped(
    browser: Client, anna: Extension
) -> None:
    session = SessionFactory(holder=anna, last_text="<script>1</script>")
    first = browser.get("/").content.decode()
    assert "&lt;script&gt;1" in first and "<script>1" not in first
    Session.objects.filter(pk=session.pk).update(last_text="Now something else")
    assert "Now something else" in browser.get("/").content.decode()


def test_htmx_gets_the_list_alone(browser: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "list"}
    answer = browser.get("/?view=unassigned", headers=headers)
    assert "<html" not in answer.content.decode() and 'id="rows-box"' in answer.content.decode()
    back = browser.get("/", headers={**headers, "HX-History-Restore-Request": "true"})
    assert "<html" in back.content.decode()


def test_htmx_after_the_login_has_ended_reloads_the_page() -> None:
    answer = Client().get("/", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer.headers["HX-Refresh"] == "true"


def test_no_page_allows_inline_script_or_is_kept(browser: Client) -> None:
    for address in ("/", "/new/", "/logout/"):
        answer = browser.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy
        assert "no-store" in answer.headers["Cache-Control"]
    page = browser.get("/").content.decode()
    assert "<style" not in page and " style=" not in page and " on" + "click=" not in page


@pytest.mark.parametrize("many", [1, 60])
def test_pages_cost_at_most_twelve_queries(
    browser: Client, anna: Extension, many: int, django_assert_max_num_queries: Any
) -> None:
    number = NumberFactory()
    queues = [QueueFactory(members=[anna]) for _ in range(min(many, 8))]
    sessions = [SessionFactory(holder=anna, number=number, unread=1) for _ in range(many)]
    for queue in queues:
        SessionFactory(queue=queue, number=number)
    for n in range(many):
        MessageFactory(session=sessions[0], author=anna, answer=n % 2 == 0)
    Message.objects.filter(direction=Message.OUT).update(due_at=timezone.now())
    for address in ("/", "/?view=unassigned", "/?view=archived"):
        with django_assert_max_num_queries(12):
            assert browser.get(address).status_code == 200
    with django_assert_max_num_queries(12):
        assert browser.get(f"/s/{sessions[0].pk}/").status_code == 200
