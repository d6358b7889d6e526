"""Setting up a channel in the admin: the provider, the credentials, the numbers."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel
from routing.models import Exchange, Session

from .channel_forms import ADD, TOKEN, change_url, errors, fields, saved
from .factories import NumberFactory, RuleFactory, SessionFactory

pytestmark = pytest.mark.django_db

# adding


def test_first_the_provider_is_chosen(admin_client: Client) -> None:
    page = admin_client.get("/admin/channels_app/channel/add/").content.decode()
    assert "?provider=aspsms" in page
    assert "ASPSMS" in page
    unknown = admin_client.get("/admin/channels_app/channel/add/?provider=nobody")
    assert "Which provider" in unknown.content.decode()


def test_the_form_asks_what_the_provider_needs(admin_client: Client) -> None:
    page = admin_client.get(ADD).content.decode()
    assert "User Key" in page
    assert 'placeholder="https://json.aspsms.com"' in page
    assert "MessageDataHex" in page  # a step for the provider's portal
    assert "{webhook_" not in page


@pytest.mark.parametrize(
    ("slug", "asked"),
    [
        ("smpp", []),
        ("email", ["api_address"]),
        ("multiinfo", ["api_address"]),
        ("twilio", ["api_address", "allowed_addresses"]),
        ("sandbox", []),
    ],
)
def test_the_form_asks_no_address_that_means_nothing(
    admin_client: Client, slug: str, asked: list[str]
) -> None:
    page = admin_client.get(f"/admin/channels_app/channel/add/?provider={slug}")
    shown = page.context["adminform"].fieldsets[0][1]["fields"]
    assert [name for name in shown if name in ("api_address", "allowed_addresses")] == asked


def test_an_address_without_a_usual_one_comes_first(admin_client: Client) -> None:
    page = admin_client.get("/admin/channels_app/channel/add/?provider=http")
    assert page.context["adminform"].fieldsets[0][1]["fields"][:2] == ["name", "api_address"]


def test_the_webhook_address_shown_is_the_one_saved(admin_client: Client) -> None:
    page = admin_client.get(ADD)
    token = page.context["adminform"].form["token"].value()
    assert f"/webhook/aspsms/{token}" in page.content.decode()
    answer = admin_client.post(ADD, fields(token=token))
    assert answer.status_code == 302
    channel = Channel.objects.get()
    assert (channel.webhook_token, channel.provider) == (token, "aspsms")
    assert channel.credentials["password"] == "SECRET99"
    assert float(channel.rate) == 2.5


@pytest.mark.parametrize("token", ["short", "Z" * 32, "../" * 10])
def test_a_webhook_address_that_parley_did_not_make_is_refused(
    admin_client: Client, token: str
) -> None:
    assert "token" in errors(admin_client.post(ADD, fields(token=token)))


def test_a_webhook_address_in_use_is_refused(admin_client: Client) -> None:
    Channel.objects.create(name="Other", provider="sandbox", webhook_token=TOKEN)
    assert "already in use" in errors(admin_client.post(ADD, fields()))["token"][0]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"rate": "0"}, "rate", "more than 0"),
        ({"rate": "fast"}, "rate", "like 10 or 0.5"),
        ({"credential_user_key": ""}, "credential_user_key", "required"),
        ({"credential_password": ""}, "credential_password", "required"),
        ({"allowed_addresses": "10.0.0.0/99"}, "allowed_addresses", "10.0.0.0/99"),
        ({"api_address": "ftp://x"}, "api_address", "http://"),
        ({"api_address": "http://127.0.0.1:9"}, "api_address", "private"),
        ({"close_automatically": "on"}, "close_after_days", "how many days"),
    ],
)
def test_a_mistake_is_told_at_its_field(
    admin_client: Client, settings: LazySettings, change: dict[str, str], field: str, said: str
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = False
    found = errors(admin_client.post(ADD, fields(**change)))
    assert list(found) == [field]
    assert said in found[field][0]
    assert not Channel.objects.exists()


def test_a_provider_tells_what_is_missing_at_its_field(admin_client: Client) -> None:
    typed = {
        "credential_account_sid": "AC1",
        "credential_auth_token": "t",
        "credential_api_key": "SK1",
    }
    answer = admin_client.post("/admin/channels_app/channel/add/?provider=twilio", fields(**typed))
    assert errors(answer) == {"credential_api_secret": ["The API key needs its secret."]}


def test_sessions_close_only_if_the_switch_is_on(admin_client: Client) -> None:
    admin_client.post(ADD, fields(close_automatically="on", close_after_days="3"))
    channel = Channel.objects.get()
    assert channel.close_after_days == 3
    admin_client.post(change_url(channel), fields(close_after_days="3"))
    channel.refresh_from_db()
    assert channel.close_after_days is None


# secrets


def test_a_secret_never_goes_back_to_the_browser(admin_client: Client) -> None:
    channel = saved()
    page = admin_client.get(change_url(channel)).content.decode()
    assert "KEY123" in page  # not a secret
    assert "SECRET99" not in page
    assert "Kept; type to replace" in page


def test_an_empty_secret_keeps_the_old_one(admin_client: Client) -> None:
    channel = saved()
    form = fields(credential_password="", credential_user_key="NEW")
    assert admin_client.post(change_url(channel), form).status_code == 302
    channel.refresh_from_db()
    assert channel.credentials["password"] == "SECRET99"
    assert channel.credentials["user_key"] == "NEW"


def test_a_secret_that_is_not_needed_can_be_removed(admin_client: Client) -> None:
    kept = {"api_key": "KEY", "secret": "SIGN99"}
    channel = Channel.objects.create(name="Trunk", provider="general", credentials=kept)
    page = admin_client.get(change_url(channel)).content.decode()
    assert "Remove the Secret" in page
    assert "SIGN99" not in page
    answer = admin_client.post(change_url(channel), fields(remove_secret="on"))
    assert answer.status_code == 302, errors(answer)
    channel.refresh_from_db()
    assert (channel.credentials["api_key"], channel.credentials["secret"]) == ("KEY", "")
    assert "Remove the" not in admin_client.get(change_url(channel)).content.decode()


def test_new_credentials_are_not_yet_proved(admin_client: Client) -> None:
    channel = saved()
    channel.show_success()
    admin_client.post(change_url(channel), fields(name="Renamed"))
    channel.refresh_from_db()
    assert channel.status == Channel.CONNECTED  # the name proves nothing
    admin_client.post(change_url(channel), fields(credential_password="OTHER"))
    channel.refresh_from_db()
    assert channel.status == Channel.UNCHECKED


def test_saving_does_not_undo_what_happened_meanwhile(admin_client: Client) -> None:
    channel = saved()
    page = admin_client.get(change_url(channel))
    channel.show_fault("ASPSMS: wrong password")
    assert page.status_code == 200
    admin_client.post(change_url(channel), fields(name="Renamed"))
    channel.refresh_from_db()
    assert (channel.name, channel.status) == ("Renamed", Channel.FAILED)


def test_a_reader_sees_no_credentials(client: Client) -> None:
    user = User.objects.create_user("reader", password="x", is_staff=True)
    names = ["view_channel", "view_number"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    rule = RuleFactory(number__channel=saved())
    answer = client.get(change_url(rule.number.channel))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert str(rule.queue) in page
    assert "KEY123" not in page
    assert "pl-check" not in page
    assert rule.number.channel.webhook_token not in page


# deleting, and providers that are gone


def test_a_channel_with_sessions_stays(admin_client: Client) -> None:
    channel = SessionFactory().channel
    url = reverse("admin:channels_app_channel_delete", args=[channel.pk])
    answer = admin_client.post(url, {"post": "yes"}, follow=True)
    assert "has sessions, so it cannot be deleted" in answer.content.decode()
    assert Session.objects.filter(channel=channel).exists()


def test_an_unused_channel_goes_with_its_log(admin_client: Client) -> None:
    channel = NumberFactory().channel
    Exchange.objects.create(channel=channel, kind=Exchange.CHECK, outcome=Exchange.OK)
    url = reverse("admin:channels_app_channel_delete", args=[channel.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert not Channel.objects.exists()


def test_a_channel_of_a_provider_that_is_gone_breaks_no_page(admin_client: Client) -> None:
    channel = Channel.objects.create(name="Old", provider="vanished")
    listed = admin_client.get(reverse("admin:channels_app_channel_changelist"))
    assert "vanished" in listed.content.decode()
    answer = admin_client.get(change_url(channel), follow=True)
    assert "does not know" in answer.content.decode()
    assert admin_client.get(reverse("admin:index")).status_code == 200
