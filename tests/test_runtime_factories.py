"""The factories make objects that the models accept."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from routing.models import Message, Session

from . import factories

pytestmark = pytest.mark.django_db


def test_an_extension_can_log_in() -> None:
    extension = factories.ExtensionFactory()
    user = authenticate(username=extension.user.username, password=factories.PASSWORD)
    assert user == extension.user


def test_a_rule_leads_to_a_queue_with_members() -> None:
    agent = factories.ExtensionFactory()
    rule = factories.RuleFactory(queue=factories.QueueFactory(members=[agent]), may_start=[agent])
    rule.full_clean()
    assert list(rule.destination.members.all()) == [agent]
    assert list(agent.start_rules.all()) == [rule]


def test_a_session_is_open_and_of_its_numbers_channel() -> None:
    agent = factories.ExtensionFactory()
    session = factories.SessionFactory(queue=factories.QueueFactory(members=[agent]))
    assert session.channel == session.number.channel
    assert list(Session.objects.open().for_extension(agent)) == [session]


def test_an_answer_is_due_and_a_message_is_not() -> None:
    session = factories.SessionFactory()
    answer = factories.MessageFactory(session=session, answer=True)
    factories.MessageFactory(session=session)
    assert list(Message.objects.due()) == [answer]
    assert answer.recipient == session.customer.address
