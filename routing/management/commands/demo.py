"""``manage.py demo``: two agents, a queue and a virtual phone, to try Parley with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from channels_app.models import Channel
from routing.models import Extension, Queue, Rule


@dataclass(frozen=True, slots=True)
class Login:
    role: str
    username: str
    password: str
    path: str


AGENTS = (
    Login("agent", "first", "first-password", "/"),
    Login("agent", "second", "second-password", "/"),
)
ADMINISTRATOR = Login("administrator", "admin", "admin-password", "/admin/")
CHANNEL = "Virtual phone"
# From the range that Ofcom keeps for drama: nobody's numbers.
QUEUE_NUMBER, FIRST_NUMBER = "+447700900001", "+447700900002"


class Command(BaseCommand):
    help = "Loads the demo into a database without agents and channels; otherwise changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.EMBEDDED or settings.DEMO):
            raise CommandError(
                "The demo has well-known passwords; it is only for the embedded database, or with "
                "DEMO=1."
            )
        if load():
            self.stdout.write("The demo is loaded.")
        else:
            self.stdout.write("There are agents or channels already; nothing was changed.")
        for login in logins():
            self.stdout.write(f"{login.role}: {login.username} / {login.password}")


@transaction.atomic
def load() -> bool:
    """Load the demo unless somebody has begun to set things up; returns whether it did.

    So what was renamed or deleted after the first start stays so.
    """
    if Extension.objects.exists() or Channel.objects.exists():
        return False
    first, second = (
        Extension.objects.create(
            number=str(1001 + place), name=f"{login.username.title()} Extension", user=_user(login)
        )
        for place, login in enumerate(AGENTS)
    )
    _user(ADMINISTRATOR, is_staff=True, is_superuser=True)
    support, _ = Queue.objects.get_or_create(name="Support")
    support.members.add(first, second)
    channel = Channel.objects.create(name=CHANNEL, provider="sandbox", rate=10)
    for value, destination in (
        (QUEUE_NUMBER, {"queue": support}),
        (FIRST_NUMBER, {"extension": first}),
    ):
        rule = Rule.objects.create(number=channel.numbers.create(value=value), **destination)
        rule.may_start.add(first, second)
    return True


def _user(login: Login, **rights: bool) -> Any:
    users = get_user_model().objects
    return users.filter(username=login.username).first() or users.create_user(
        login.username, password=login.password, **rights
    )


def logins() -> list[Login]:
    """The demo's logins whose well-known passwords still hold."""
    users = {
        user.get_username(): user
        for user in get_user_model().objects.filter(
            username__in=[login.username for login in (*AGENTS, ADMINISTRATOR)], is_active=True
        )
    }
    return [
        login
        for login in (*AGENTS, ADMINISTRATOR)
        if login.username in users and users[login.username].check_password(login.password)
    ]
