"""Real links processes around a real database, with what tests ask of them."""

from __future__ import annotations

import subprocess
from collections import Counter

from config.processes import links_command

from ..stories.system import System

LEASE = 4.0  # seconds
CONFIGURATION = """
extensions:
  - {{number: "1001", name: First Extension, username: first, password: first-password-1}}
queues:
  - {{name: Support, members: ["1001"]}}
channels:
  - name: Line
    provider: {provider}
    credentials: {credentials}
    api_address: "{url}"
    rate: {rate}
    in_flight: 10
    numbers:
      - {{number: "{number}", inbound: {{queue: Support}}, may_start: ["1001"]}}
"""
FILL = """
from routing import desk
from routing.models import Extension
from channels_app.models import Number
agent, number = Extension.objects.get(), Number.objects.first()
for n in range({count}):
    desk.start(agent, number, "+4179111%04d" % ({first} + n), "text %d" % ({first} + n))
"""
AGE = """
from datetime import timedelta
from django.utils import timezone
from routing.models import Message
Message.objects.filter(status="sending").update(sending_at=timezone.now() - timedelta(minutes=5))
"""


class House(System):
    """A Parley with links processes; without web, and with workers and beat only if asked for."""

    def __init__(
        self,
        url: str,
        *,
        provider: str = "scripted",
        credentials: str = "{}",
        rate: float = 1000,
        workers: int = 0,
        beat: bool = False,
        lease: float = LEASE,
        number: str = "+41791234510",
    ) -> None:
        self.links: list[subprocess.Popen[bytes]] = []
        text = CONFIGURATION.format(
            url=url, provider=provider, credentials=credentials, rate=rate, number=number
        )
        own = {"DJANGO_SETTINGS_MODULE": "tests.links.settings", "LINK_LEASE_SECONDS": str(lease)}
        super().__init__(text, front=False, workers=workers, beat=beat, environment=own)

    def start_links(self) -> subprocess.Popen[bytes]:
        process = self._start(f"links{len(self.links)}", links_command())
        self.links.append(process)
        return process

    def fill(self, count: int, first: int = 0) -> None:
        """Queue so many messages, as agents would."""
        self.manage("shell", "-c", FILL.format(count=count, first=first))

    def age(self) -> None:
        """Time passes for what is being sent."""
        self.manage("shell", "-c", AGE)

    def states(self) -> Counter[str]:
        found = self.sql(
            "SELECT status, count(*) FROM routing_message WHERE direction = 'out' GROUP BY status"
        )
        return Counter(dict(found))

    def received(self) -> list[str]:
        rows = self.sql("SELECT text FROM routing_message WHERE direction = 'in' ORDER BY id")
        return [row[0] for row in rows]

    def fault(self) -> str:
        return str(self.sql("SELECT fault FROM channels_app_channel")[0][0])

    def proved(self) -> bool:
        return bool(self.sql("SELECT id FROM channels_app_channel WHERE proved_at IS NOT NULL"))

    def holder(self) -> str:
        found = self.sql("SELECT holder FROM channels_app_linkstate")
        return str(found[0][0]) if found else ""
