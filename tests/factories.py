"""Factories: one object each, with what it needs around it."""

from __future__ import annotations

from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone
from factory.django import DjangoModelFactory

from channels_app.models import Channel, Number
from routing.models import Customer, Extension, Message, Platform, Queue, Rule, Session
from routing.models.messages import new_reference

PASSWORD = "a-password-for-tests"


class User(DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    password = factory.django.Password(PASSWORD)


class ExtensionFactory(DjangoModelFactory):
    class Meta:
        model = Extension

    number = factory.Sequence(lambda n: str(1001 + n))
    name = factory.Sequence(lambda n: f"Agent {n}")
    user = factory.SubFactory(User)


class QueueFactory(DjangoModelFactory):
    """``QueueFactory(members=[extension])``."""

    class Meta:
        model = Queue
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Queue {n}")

    @factory.post_generation
    def members(self: Any, create: bool, extracted: Any, **kwargs: Any) -> None:
        if extracted:
            self.members.set(extracted)


class PlatformFactory(DjangoModelFactory):
    class Meta:
        model = Platform

    name = factory.Sequence(lambda n: f"Platform {n}")
    url = "https://platform.example/events"


class ChannelFactory(DjangoModelFactory):
    class Meta:
        model = Channel

    name = factory.Sequence(lambda n: f"Channel {n}")
    provider = "sandbox"
    rate = 10


class NumberFactory(DjangoModelFactory):
    class Meta:
        model = Number

    channel = factory.SubFactory(ChannelFactory)
    value = factory.Sequence(lambda n: f"+4179{1_000_000 + n}")


class RuleFactory(DjangoModelFactory):
    """A rule to a queue, unless told otherwise: ``RuleFactory(queue=None, extension=...)``."""

    class Meta:
        model = Rule
        skip_postgeneration_save = True

    number = factory.SubFactory(NumberFactory)
    queue = factory.SubFactory(QueueFactory)

    @factory.post_generation
    def may_start(self: Any, create: bool, extracted: Any, **kwargs: Any) -> None:
        if extracted:
            self.may_start.set(extracted)


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = Customer

    address = factory.Sequence(lambda n: f"+4178{2_000_000 + n}")


class SessionFactory(DjangoModelFactory):
    """A session that waits; give ``queue`` or ``holder`` for one that agents see."""

    class Meta:
        model = Session

    number = factory.SubFactory(NumberFactory)
    channel = factory.SelfAttribute("number.channel")
    customer = factory.SubFactory(CustomerFactory)


class MessageFactory(DjangoModelFactory):
    """A message from the customer; ``MessageFactory(answer=True)`` for one of ours that waits."""

    class Meta:
        model = Message

    class Params:
        answer = factory.Trait(
            direction=Message.OUT,
            status=Message.QUEUED,
            sender=factory.SelfAttribute("session.number.value"),
            recipient=factory.SelfAttribute("session.customer.address"),
            reference=factory.LazyFunction(new_reference),
            due_at=factory.LazyFunction(timezone.now),
            provider_id="",
        )

    session = factory.SubFactory(SessionFactory)
    channel = factory.SelfAttribute("session.channel")
    direction = Message.IN
    status = Message.RECEIVED
    sender = factory.SelfAttribute("session.customer.address")
    recipient = factory.SelfAttribute("session.number.value")
    text = "Good morning"
    provider_id = factory.Sequence(lambda n: f"provider-{n}")
