"""Extensions, queues and platforms in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from routing.models import Extension, Platform, PlatformEvent, Queue

from .factories import (
    ExtensionFactory,
    PlatformFactory,
    QueueFactory,
    RuleFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db

ADD = "/admin/routing/extension/add/"
PASSWORD = "correct-horse-battery"


def fields(**changes: str) -> dict[str, str]:
    filled = {"number": "1001", "name": "Anna", "username": "anna", "password": PASSWORD}
    return {**filled, **changes}


def errors(client: Client, url: str, form: dict[str, Any]) -> dict[str, list[str]]:
    return dict(client.post(url, form).context["adminform"].form.errors)


def url(thing: Any, page: str = "change") -> str:
    return reverse(f"admin:routing_{thing._meta.model_name}_{page}", args=[thing.pk])


# extensions


def test_an_agent_and_their_login_are_made_at_once(admin_client: Client, client: Client) -> None:
    assert admin_client.post(ADD, fields()).status_code == 302
    extension = Extension.objects.get()
    assert extension.user.check_password(PASSWORD)
    assert not extension.user.is_staff


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"number": "10a"}, "number", "Digits only"),
        ({"username": "anna smith"}, "username", "valid username"),
        ({"password": ""}, "password", "needs a password"),
        ({"password": "short"}, "password", "too short"),
        ({"username": "admin"}, "username", "Leave the password empty"),
    ],
)
def test_a_mistake_is_told_at_its_field(
    admin_client: Client, change: dict[str, str], field: str, said: str
) -> None:
    found = errors(admin_client, ADD, fields(**change))
    assert list(found) == [field]
    assert said in found[field][0]
    assert not Extension.objects.exists()


def test_an_existing_user_can_become_an_agent(admin_client: Client) -> None:
    admin_client.post(ADD, fields(username="admin", password=""))
    extension = Extension.objects.get()
    assert extension.user == User.objects.get(username="admin")
    assert extension.user.is_superuser
    again = errors(admin_client, ADD, fields(number="1002", username="admin", password=""))
    assert "already has the extension" in again["username"][0]


def test_changing_an_agent_keeps_the_login(admin_client: Client) -> None:
    extension = ExtensionFactory()
    before = extension.user.password
    form = fields(name="Anna K.", username=extension.user.username, password="")
    assert admin_client.post(url(extension), form).status_code == 302
    extension.refresh_from_db()
    assert (extension.name, extension.user.password) == ("Anna K.", before)
    admin_client.post(url(extension), fields(username=extension.user.username))
    extension = Extension.objects.get()
    assert extension.user.check_password(PASSWORD)
    assert User.objects.filter(extension=extension).count() == 1


def test_deleting_an_agent_leaves_no_session_with_nobody(admin_client: Client) -> None:
    agent, rule = ExtensionFactory(), RuleFactory()
    from_queue = SessionFactory(holder=agent, queue=QueueFactory())
    of_their_own = SessionFactory(holder=agent, number=rule.number)
    page = admin_client.get(url(agent, "delete")).content.decode()
    assert "2 open sessions go to another place" in page
    assert admin_client.post(url(agent, "delete"), {"post": "yes"}).status_code == 302
    from_queue.refresh_from_db()
    of_their_own.refresh_from_db()
    assert (from_queue.holder, of_their_own.holder) == (None, None)
    assert from_queue.queue is not None
    assert of_their_own.queue == rule.queue
    assert not User.objects.filter(pk=agent.user_id).exists()


def test_deleting_an_administrator_as_agent_keeps_the_administrator(admin_client: Client) -> None:
    agent = ExtensionFactory(user=User.objects.get(username="admin"))
    admin_client.post(url(agent, "delete"), {"post": "yes"})
    assert not Extension.objects.exists()
    assert User.objects.filter(username="admin").exists()


def test_an_agent_to_whom_a_number_leads_stays(admin_client: Client) -> None:
    agent = ExtensionFactory()
    rule = RuleFactory(queue=None, extension=agent)
    answer = admin_client.post(url(agent, "delete"), {"post": "yes"}, follow=True)
    assert f"Messages to {rule.number} go to this extension" in answer.content.decode()
    form = {"action": "delete_selected", "_selected_action": [agent.pk], "post": "yes"}
    chosen = admin_client.post("/admin/routing/extension/", form)
    assert f"Messages to {rule.number} go to this extension" in chosen.content.decode()
    assert Extension.objects.filter(pk=agent.pk).exists()


# queues


def test_a_queue_with_members_is_made(admin_client: Client) -> None:
    agents = [ExtensionFactory(), ExtensionFactory()]
    form = {"name": "Support", "pickup": "auto", "members": [each.pk for each in agents]}
    assert admin_client.post("/admin/routing/queue/add/", form).status_code == 302
    assert set(Queue.objects.get().members.all()) == set(agents)


def test_members_are_found_by_number_and_name(admin_client: Client) -> None:
    agent = ExtensionFactory(name="Anna Keller")
    ExtensionFactory(name="Ben")
    query = {"app_label": "routing", "model_name": "queue", "field_name": "members"}
    found = admin_client.get("/admin/autocomplete/", {**query, "term": "kell"}).json()
    assert [each["id"] for each in found["results"]] == [str(agent.pk)]


def test_a_queue_that_is_needed_stays(admin_client: Client) -> None:
    rule = RuleFactory()
    answer = admin_client.post(url(rule.queue, "delete"), {"post": "yes"}, follow=True)
    assert "Give them another destination first" in answer.content.decode()
    assert Queue.objects.count() == 1


@pytest.mark.parametrize("kind", ["queue", "platform"])
def test_deleting_a_place_leaves_no_session_with_nobody(admin_client: Client, kind: str) -> None:
    place = QueueFactory() if kind == "queue" else PlatformFactory()
    rule = RuleFactory()
    session = SessionFactory(number=rule.number, **{kind: place})
    assert "1 open session goes" in admin_client.get(url(place, "delete")).content.decode()
    assert admin_client.post(url(place, "delete"), {"post": "yes"}).status_code == 302
    session.refresh_from_db()
    assert (session.queue, session.platform) == (rule.queue, None)


def test_an_agents_login_goes_only_with_the_extension(admin_client: Client) -> None:
    user = ExtensionFactory().user
    answer = admin_client.post(f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


# platforms


def test_an_address_inside_the_house_is_refused(
    admin_client: Client, settings: LazySettings
) -> None:
    form = {"name": "Analytics", "url": "http://127.0.0.1:9100/events"}
    settings.ALLOW_PRIVATE_ADDRESSES = False
    found = errors(admin_client, "/admin/routing/platform/add/", form)
    assert "private address" in found["url"][0]
    settings.ALLOW_PRIVATE_ADDRESSES = True
    assert admin_client.post("/admin/routing/platform/add/", form).status_code == 302


def test_the_secret_is_shown_only_on_request(admin_client: Client) -> None:
    platform = PlatformFactory()
    assert platform.secret not in admin_client.get(url(platform)).content.decode()
    assert admin_client.post(url(platform, "secret")).json() == {"secret": platform.secret}
    assert admin_client.get(url(platform, "secret")).status_code == 403


def test_a_reader_does_not_get_the_secret(client: Client) -> None:
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_platform"))
    client.force_login(user)
    assert client.post(url(PlatformFactory(), "secret")).status_code == 403


def test_a_renewed_secret_signs_and_the_old_one_is_kept(admin_client: Client) -> None:
    platform = PlatformFactory()
    old = platform.secret
    admin_client.post(url(platform, "renew"))
    platform = Platform.objects.get()
    assert platform.secret != old
    assert platform.keys == [platform.secret, old]


def test_an_event_is_sent_again(admin_client: Client) -> None:
    event = PlatformEvent.objects.create(
        platform=PlatformFactory(), session=SessionFactory(), attempts=9, reason="HTTP 500"
    )
    PlatformEvent.objects.update(failed_at=event.created_at)
    form = {"action": "send_again", "_selected_action": [event.pk]}
    answer = admin_client.post("/admin/routing/platformevent/", form, follow=True)
    assert "1 events are on their way again" in answer.content.decode()
    event.refresh_from_db()
    assert (event.failed_at, event.attempts, event.reason) == (None, 0, "")
