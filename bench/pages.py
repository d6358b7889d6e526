"""The agents' pages with many sessions, beside an empty page of the same server."""

from __future__ import annotations

import http.client
import random
import re
import sys
import time
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from routing.inbox.listing import PAGE
from routing.models import Extension, Message, Session

from . import world
from .events import say
from .figures import percentile
from .rig import Rig, check
from .table import Row

AGENTS, QUEUES, EACH = 50, 5, 10
PAGES = {"list": "the list, /", "thread": "a session, /s/<pk>/"}
EMPTY = "/mentions/count/"  # Django's smallest page: the login, one query, one number


class Pages:
    """The scene at one size, and what was measured."""

    def __init__(self, rig: Rig, sessions: int) -> None:
        self.rig, self.size = rig, sessions
        self.extensions, self.queues = world.agents(AGENTS, QUEUES)
        self._fill(sessions)
        self.took: dict[str, list[float]] = {"list": [], "thread": [], EMPTY: []}
        self.queries = {page: self._queries(page) for page in PAGES}

    def _fill(self, count: int) -> None:
        """Four of five sessions are an agent's, the others wait; seven of ten are closed."""
        number = world.channel(1, self.queues[0])
        now, dice = timezone.now(), random.Random(1)
        made = []
        for n, customer in enumerate(world.customers(count)):
            at = now - timedelta(seconds=dice.uniform(0, 90 * 86_400))
            held = n % 5 > 0
            made.append(
                Session(
                    channel=number.channel,
                    number=number,
                    customer=customer,
                    holder=self.extensions[n // 5 % AGENTS] if held else None,
                    queue=self.queues[n // 5 % QUEUES],
                    opened_at=at - timedelta(hours=1),
                    last_at=at,
                    closed_at=at if dice.random() < 0.7 else None,
                    last_text=f"Message {n}, is anybody there?",
                )
            )
        for start in range(0, count, world.BATCH):  # so that memory stays small
            self._talk(world.sessions(made[start : start + world.BATCH]))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def _talk(self, talks: list[Session]) -> None:
        Message.objects.bulk_create(
            [
                Message(
                    session=talk,
                    channel_id=talk.channel_id,
                    direction=Message.IN,
                    sender=talk.customer.address,
                    recipient=talk.number.value,
                    text=f"Message {n}, is anybody there?",
                    provider_id=f"{talk.pk}-{n}",
                    created_at=talk.last_at - timedelta(minutes=EACH - n),
                )
                for talk in talks
                for n in range(EACH)
            ],
            batch_size=world.BATCH,
        )

    def _path(self, page: str, extension: Extension) -> str:
        """The page's address for this agent: the newest session, or one from deep in the list."""
        if page == "list":
            return "/"
        mine = Session.objects.filter(holder=extension).values_list("pk", flat=True)
        return f"/s/{random.Random(extension.pk).choice(list(mine[:200]))}/"

    def _queries(self, page: str) -> int:
        extension = self.extensions[0]
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(extension.user)
        path = self._path(page, extension)
        self._check(page, path, client.get(path).content)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        return len(captured)

    def _check(self, page: str, path: str, content: bytes) -> None:
        shown = len(set(re.findall(rb'href="/s/\d+/', content)))
        check(shown >= PAGE, f"{path} lists {shown} sessions")
        if page == "thread":
            said = content.count(b"is anybody there?")
            check(said >= PAGE + EACH, f"{path} does not show its messages")

    def connect(self) -> None:
        """Let every agent's browser listen to the event stream, as they do all day."""
        cookies = [world.cookie(each) for each in self.extensions]
        spec = {"port": self.rig.port, "cookies": cookies, "sessions": [0] * AGENTS}
        spec |= {"webhook": "", "secret": "", "number": ""}
        crowd = self.rig.start("browsers", [sys.executable, "-m", "bench.browsers"], talks=True)
        say(crowd, spec)
        check(say(crowd, {})["connected"] == AGENTS, "Not all browsers connected.")

    def measure(self, rounds: int) -> None:
        """Ask in turn, so that whatever else happens on the machine meets all alike."""
        line = http.client.HTTPConnection("127.0.0.1", self.rig.port, timeout=60)
        cookies = {each.pk: world.cookie(each) for each in self.extensions}
        for n in range(-5, rounds):  # the first few wake it up
            extension = self.extensions[n % AGENTS]
            for page, took in self.took.items():
                path = EMPTY if page == EMPTY else self._path(page, extension)
                began = time.perf_counter()
                line.request("GET", path, headers={"Cookie": cookies[extension.pk]})
                answer = line.getresponse()
                seconds = time.perf_counter() - began
                content = answer.read()
                check(answer.status == 200, f"{path}: {answer.status}")
                if page != EMPTY:
                    self._check(page, path, content)
                if n >= 0:
                    took.append(seconds * 1000)
        line.close()


def run(rig: Rig) -> list[Row]:
    small, large, rounds = (1_500, 5_000, 20) if rig.quick else (1_500, 100_000, 200)
    found: list[Pages] = []
    for size in (small, large):
        with rig.section("pages"):
            found.append(Pages(rig, size))
            rig.front()
            found[-1].connect()
            found[-1].measure(rounds)
    return [_row(page, *found) for page in PAGES]


def _row(page: str, small: Pages, large: Pages) -> Row:
    took = large.took[page]
    median, empty = percentile(took, 0.5), percentile(large.took[EMPTY], 0.5)
    before = percentile(small.took[page], 0.5)
    return Row(
        f"{PAGES[page]}, {large.size:,} sessions, {large.size * EACH:,} messages",
        f"first byte p50 {median:.1f}, p95 {percentile(took, 0.95):.1f} ms; "
        f"{large.queries[page]} queries",
        f"Django's smallest page: {empty:.1f} ms; at {small.size:,} sessions: {before:.1f} ms, "
        f"{small.queries[page]} queries",
        f"{median / empty:.1f} and {median / before:.2f}",
    )
