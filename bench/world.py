"""What Parley knows while it is measured: channels, agents, sessions, messages. Needs Django."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.utils import timezone

from channels_app.models import Channel, Number
from routing.models import Customer, Extension, Message, Queue, Rule, Session
from routing.models.messages import new_reference

from .letters import customer

KEY, SECRET = "bench-key", "bench-secret-of-a-usual-length-0123456789"
BATCH = 5_000


def agents(count: int, queues: int) -> tuple[list[Extension], list[Queue]]:
    """So many agents with logins, shared out evenly among so many queues."""
    users = get_user_model().objects.bulk_create(
        [get_user_model()(username=f"agent{n}", password=f"!{n}") for n in range(count)]
    )
    extensions = Extension.objects.bulk_create(
        [Extension(number=str(1001 + n), name=f"Agent {n}", user=u) for n, u in enumerate(users)]
    )
    made = Queue.objects.bulk_create([Queue(name=f"Queue {n}") for n in range(queues)])
    member = Queue.members.through
    member.objects.bulk_create(
        [
            member(queue_id=made[n % queues].pk, extension_id=each.pk)
            for n, each in enumerate(extensions)
        ]
    )
    return extensions, made


def cookie(extension: Extension) -> str:
    """The Cookie header's value of this agent, logged in."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(extension.user_id)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = extension.user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def channel(n: int, queue: Queue, *, send_url: str = "", **fields: object) -> Number:
    """A general channel with one number whose messages go to this queue; returns the number."""
    credentials = {"api_key": KEY, "secret": SECRET, "api_send_url": send_url}
    made = Channel.objects.create(
        name=f"Channel {n}",
        provider="general",
        credentials=credentials,
        proved_at=timezone.now(),
        **fields,
    )
    number = Number.objects.create(channel=made, value=f"+4179{1_000_000 + n}")
    Rule.objects.create(number=number, queue=queue)
    return number


def customers(count: int) -> list[Customer]:
    return Customer.objects.bulk_create(
        [Customer(address=customer(n)) for n in range(count)], batch_size=BATCH
    )


def sessions(made: Iterable[Session]) -> list[Session]:
    return Session.objects.bulk_create(made, batch_size=BATCH)


def answers(
    talks: Sequence[Session], count: int, first: int = 0, due_at: datetime | None = None
) -> list[Message]:
    """So many waiting messages, spread over these sessions in turn; each has a text of its own."""
    now = timezone.now()
    due = due_at or now
    return Message.objects.bulk_create(
        [
            Message(
                session=talk,
                channel_id=talk.channel_id,
                direction=Message.OUT,
                status=Message.QUEUED,
                sender=talk.number.value,
                recipient=talk.customer.address,
                text=f"Answer {n}.",
                reference=new_reference(),
                segments=1,
                due_at=due + timedelta(microseconds=n),
                created_at=now,
            )
            for n in range(first, first + count)
            for talk in [talks[n % len(talks)]]
        ],
        batch_size=BATCH,
    )
