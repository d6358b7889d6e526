"""What a file does."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User

from channels_app.models import Channel, Number
from routing import setup
from routing.models import Extension, Platform, Queue, Rule

from .example import EXAMPLE, changes, everything, mistakes

pytestmark = pytest.mark.django_db


def test_the_example_is_applied():
    setup.apply(EXAMPLE)
    first = Extension.objects.get(number="1001")
    assert first.name == "First Extension"
    assert authenticate(username="first", password="first-password") == first.user
    queue = Queue.objects.get(name="Support")
    assert queue.pickup == "manual"
    assert {each.number for each in queue.members.all()} == {"1001", "1002"}
    channel = Channel.objects.get(name="Swiss SMS")
    assert channel.credentials["user_key"] == "KEY"
    assert channel.credentials["password"] == "SECRET"
    assert (channel.rate, channel.close_after_days) == (Decimal(10), 3)
    assert channel.api_address == "http://127.0.0.1:9001"
    rules = {each.number.value: each for each in Rule.objects.all()}
    assert rules["+41791234510"].queue == queue
    assert list(rules["+41791234510"].may_start.all()) == [first]
    assert rules["+41791234511"].extension.number == "1002"
    assert rules["+41791234512"].platform.name == "Analytics"


def test_the_second_time_changes_nothing():
    setup.apply(EXAMPLE)
    before = everything()
    assert changes(EXAMPLE) == []
    assert everything() == before


def test_what_is_not_named_stays():
    setup.apply(EXAMPLE)
    setup.apply("""
channels:
  - name: Swiss SMS
    rate: 0.5
    numbers:
      - {number: "+41791234510", inbound: {extension: "1002"}}
""")
    channel = Channel.objects.get()
    assert channel.rate == Decimal("0.5")
    assert channel.close_after_days == 3
    assert channel.credentials["password"] == "SECRET"
    assert Number.objects.count() == 3
    rule = Rule.objects.get(number__value="+41791234510")
    assert (rule.queue, rule.extension.number) == (None, "1002")
    assert [each.number for each in rule.may_start.all()] == ["1001"]


def test_a_password_counts_only_on_creation():
    setup.apply(EXAMPLE)
    assert changes(EXAMPLE.replace("first-password", "other-password")) == []
    assert authenticate(username="first", password="first-password")


def test_credentials_given_partly_keep_the_others():
    setup.apply(EXAMPLE)
    Channel.objects.update(fault="refused", proved_at="2026-01-01T00:00Z")
    partly = "channels: [{name: Swiss SMS, credentials: {password: NEW-ONE}}]"
    found = changes(partly)
    assert found == ["channel Swiss SMS: updated (credentials.password)"]
    channel = Channel.objects.get()
    assert channel.credentials["user_key"] == "KEY"
    assert channel.credentials["password"] == "NEW-ONE"
    assert channel.status == Channel.UNCHECKED


def test_an_existing_login_becomes_an_agent_and_keeps_its_password():
    User.objects.create_user("first", password="kept-as-it-was")
    setup.apply(EXAMPLE)
    assert authenticate(username="first", password="kept-as-it-was").extension.number == "1001"


def test_a_login_can_be_renamed():
    setup.apply(EXAMPLE)
    setup.apply('extensions: [{number: "1001", username: uno}]')
    assert authenticate(username="uno", password="first-password").extension.number == "1001"


def test_every_optional_key_is_applied():
    token = "0123456789abcdef" * 2
    setup.apply(EXAMPLE)
    setup.apply(f"""
platforms: [{{name: Analytics, secret: [new-secret-of-ours, the-secret-before]}}]
channels:
  - name: Swiss SMS
    webhook_token: {token}
    in_flight: 5
    paused: true
    accompanying_text: See the file
    allow_second_session: true
    close_after_days: null
    allowed_addresses: [192.0.2.0/24, "2001:db8::1"]
    receives: false
    prefixes: ["48", "+99"]
    sender_name: Shop
    default_outgoing: true
""")
    channel = Channel.objects.get()
    assert channel.webhook_url.endswith(f"/api/v1.0/webhook/aspsms/{token}")
    assert (channel.in_flight, channel.paused, channel.close_after_days) == (5, True, None)
    assert (channel.accompanying_text, channel.allow_second_session) == ("See the file", True)
    assert (channel.receives, channel.prefix_list) == (False, ("48", "+99"))
    assert (channel.sender_name, channel.default_outgoing) == ("Shop", True)
    assert channel.allows_address("192.0.2.7") and not channel.allows_address("192.0.3.7")
    assert Platform.objects.get().keys == ["new-secret-of-ours", "the-secret-before"]


def test_a_default_channel_takes_the_place_of_another():
    setup.apply(EXAMPLE + "    default_outgoing: true\n")
    setup.apply(
        "channels: [{name: Phone, provider: sandbox, credentials: {}, default_outgoing: true}]"
    )
    assert [each.name for each in Channel.objects.filter(default_outgoing=True)] == ["Phone"]


def test_two_default_channels_are_a_mistake():
    (said,) = mistakes("""
channels:
  - {name: One, provider: sandbox, credentials: {}, default_outgoing: true}
  - {name: Two, provider: sandbox, credentials: {}, default_outgoing: true}
""")
    assert "there can be one default channel only; line 3 has it already" in said


def test_numbers_need_no_quotes():
    setup.apply(
        EXAMPLE.replace('"+41791234510"', "+41791234510").replace('number: "1001"', "number: 1001")
    )
    assert Number.objects.filter(value="+41791234510").exists()
    assert Extension.objects.filter(number="1001").exists()


def test_a_new_channel_has_its_providers_rate():
    setup.apply("channels: [{name: Phone, provider: sandbox}]")
    channel = Channel.objects.get()
    assert channel.rate == Decimal(str(channel.provider_class.default_rate))


def test_a_weak_password_is_a_warning_that_does_not_hold_it():
    found = setup.apply('extensions: [{number: "7", name: A, username: a, password: qwerty}]')
    assert len(found.warnings) == 1
    assert "weak password" in found.warnings[0] and "qwerty" not in found.warnings[0]
