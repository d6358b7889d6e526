"""A channel's numbers in the admin: their form, their destination, their end."""

from __future__ import annotations

import pytest
from django.test import Client

from routing.models import Rule

from .channel_forms import ADD, change_url, with_number
from .factories import ExtensionFactory, QueueFactory, RuleFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("41791234510", "lacks the plus sign"),
        ("", "required"),
        ("+4179", "neither"),
        ("0791234510", "plus sign"),
    ],
)
def test_a_number_without_plus_is_refused_in_words(
    admin_client: Client, value: str, said: str
) -> None:
    queue = QueueFactory()
    answer = admin_client.post(ADD, with_number(value, f"queue:{queue.pk}"))
    (told,) = answer.context["inline_admin_formsets"][0].formset.forms[0].errors["value"]
    assert said in told
    assert answer.context["mistakes"] == [0, 0, 1]


def test_a_number_gets_its_rule(admin_client: Client) -> None:
    queue, agent = QueueFactory(), ExtensionFactory()
    form = with_number(
        "+41791234510", f"queue:{queue.pk}", **{"numbers-0-may_start": [str(agent.pk)]}
    )
    assert admin_client.post(ADD, form).status_code == 302
    rule = Rule.objects.get(number__value="+41791234510")
    assert rule.destination == queue
    assert list(rule.may_start.all()) == [agent]


def test_a_number_can_be_given_another_destination(admin_client: Client) -> None:
    rule = RuleFactory(number__channel__provider="aspsms")
    channel, agent = rule.number.channel, ExtensionFactory()
    form = with_number(
        rule.number.value,
        f"extension:{agent.pk}",
        **{"numbers-INITIAL_FORMS": "1", "numbers-0-id": rule.number.pk},
    )
    answer = admin_client.post(change_url(channel), form)
    assert answer.status_code == 302
    rule = Rule.objects.get(pk=rule.pk)
    assert (rule.destination, rule.queue) == (agent, None)


@pytest.mark.parametrize("destination", ["", "queue:999", "rubbish"])
def test_an_unknown_destination_is_refused(admin_client: Client, destination: str) -> None:
    QueueFactory()
    answer = admin_client.post(ADD, with_number("+41791234510", destination))
    form = answer.context["inline_admin_formsets"][0].formset.forms[0]
    assert list(form.errors) == ["destination"]


def test_a_number_with_sessions_stays(admin_client: Client) -> None:
    rule = RuleFactory(number__channel__provider="aspsms")
    SessionFactory(number=rule.number)
    form = with_number(
        rule.number.value,
        f"queue:{rule.queue.pk}",
        **{
            "numbers-INITIAL_FORMS": "1",
            "numbers-0-id": rule.number.pk,
            "numbers-0-DELETE": "on",
        },
    )
    answer = admin_client.post(change_url(rule.number.channel), form)
    formset = answer.context["inline_admin_formsets"][0].formset
    assert "has sessions, so it cannot be deleted" in formset.non_form_errors()[0]
    assert Rule.objects.filter(pk=rule.pk).exists()


def test_an_unused_number_goes(admin_client: Client) -> None:
    rule = RuleFactory(number__channel__provider="aspsms")
    form = with_number(
        rule.number.value,
        f"queue:{rule.queue.pk}",
        **{
            "numbers-INITIAL_FORMS": "1",
            "numbers-0-id": rule.number.pk,
            "numbers-0-DELETE": "on",
        },
    )
    assert admin_client.post(change_url(rule.number.channel), form).status_code == 302
    assert not Rule.objects.exists()
