"""Mistakes in a file: each with its line and key."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User

from channels_app.models import Channel
from routing import setup
from routing.models import Platform

from .example import EXAMPLE, everything, mistakes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        (
            "inbound: {queue: Suport}",
            "inbound: {queue: Support}",
            "line 16, channels[0].numbers[0].inbound: there is no queue 'Suport'; known: Support",
        ),
        (
            'may_start: ["1009"]',
            'may_start: ["1001"]',
            "line 16, channels[0].numbers[0].may_start[0]: there is no extension '1009'; "
            "known: 1001, 1002",
        ),
        (
            'members: ["1001", "77"]',
            'members: ["1001", "1002"]',
            "line 5, queues[0].members[1]: there is no extension '77'; known: 1001, 1002",
        ),
        (
            'number: "41791234510"',
            'number: "+41791234510"',
            "line 16, channels[0].numbers[0].number: 41791234510 lacks the plus sign and country "
            "code; write it like +41791234510.",
        ),
        (
            "provider: aspsm\n",
            "provider: aspsms\n",
            "line 10, channels[0].provider: there is no provider 'aspsm'; did you mean 'aspsms'?",
        ),
        (
            "credentials: {user_key: KEY}",
            "credentials: {user_key: KEY, password: SECRET}",
            "line 11, channels[0].credentials.password: is missing: ASPSMS needs the Password.",
        ),
        (
            "credentials: {userkey: KEY, password: SECRET}",
            "credentials: {user_key: KEY, password: SECRET}",
            "line 11, channels[0].credentials.userkey: there is no such key; "
            "did you mean 'user_key'?",
        ),
        (
            "credentials: KEY",
            "credentials: {user_key: KEY, password: SECRET}",
            "line 11, channels[0].credentials: must be a group of keys, not text.",
        ),
        (
            "credentials: {user_key: KEY, password: SECRET, alphabet: klingon}",
            "credentials: {user_key: KEY, password: SECRET}",
            "line 11, channels[0].credentials.alphabet: Alphabet of received texts: Select a",
        ),
        (
            'api_address: "ftp://example.org"',
            'api_address: "http://127.0.0.1:9001"',
            "line 12, channels[0].api_address: 'ftp://example.org' is not an http:// or https://",
        ),
        (
            "url: not-an-address",
            'url: "http://127.0.0.1:9100/events"',
            "line 7, platforms[0].url: 'not-an-address' is not an http:// or https:// address.",
        ),
        ("rate: fast", "rate: 10", "line 13, channels[0].rate: must be a number like 10 or 0.5"),
        ("rate: .inf", "rate: 10", "line 13, channels[0].rate: must be a number like 10 or 0.5"),
        ("rate: 0", "rate: 10", "line 13, channels[0].rate: Ensure this value is greater than or"),
        ("rate: 1.2345", "rate: 10", "line 13, channels[0].rate: Ensure that there are no more"),
        (
            "close_after_days: 0",
            "close_after_days: 3",
            "line 14, channels[0].close_after_days: must be at least 1.",
        ),
        (
            "close_after_days: soon",
            "close_after_days: 3",
            "line 14, channels[0].close_after_days: must be a whole number, not 'soon'.",
        ),
        (
            "pickup: sometimes",
            "pickup: manual",
            "line 5, queues[0].pickup: there is no pick-up mode 'sometimes'; known: manual, auto",
        ),
        (
            "colour: red, pickup: manual",
            "pickup: manual",
            "line 5, queues[0].colour: there is no such key; known: members, name, pickup",
        ),
        ("name: [Support]", "name: Support", "line 5, queues[0].name: must be text, not a list."),
        ("pickup: yes", "pickup: manual", "line 5, queues[0].pickup: must be text, not yes or no"),
        ("members: 1001", 'members: ["1001", "1002"]', "members: must be a list, not a number."),
        (
            "name: Support, name: Sales",
            "name: Support",
            "line 5, queues[0].name: is given twice; the first time on line 5.",
        ),
        (
            'number: "1001", name: Second',
            'number: "1002", name: Second',
            "line 3, extensions[1].number: the extension '1001' is given twice; the first time on "
            "line 2.",
        ),
        (
            'number: "+41791234510", inbound: {extension: "1002"}',
            'number: "+41791234511", inbound: {extension: "1002"}',
            "line 17, channels[0].numbers[1].number: +41791234510 is given twice; the first time "
            "on line 16.",
        ),
        (
            'number: "12x"',
            'number: "1002"',
            "line 3, extensions[1].number: Digits only.",
        ),
        (
            "username: first, password: second-password",
            "username: second, password: second-password",
            "line 3, extensions[1].username: the login 'first' belongs to extension 1001.",
        ),
        (
            "username: a/b",
            "username: second",
            "line 3, extensions[1].username: Enter a valid username.",
        ),
        (
            'inbound: {extension: "1002", queue: Support}',
            'inbound: {extension: "1002"}',
            "line 17, channels[0].numbers[1].inbound: must name one destination: a queue, an",
        ),
        (
            '{number: "+41791234511"}',
            '{number: "+41791234511", inbound: {extension: "1002"}}',
            "line 17, channels[0].numbers[1].inbound: is missing; say where messages go",
        ),
        (
            "rate: 10\n    webhook_token: ABC",
            "rate: 10",
            "line 14, channels[0].webhook_token: must be 32 hexadecimal digits, in lower case.",
        ),
        (
            "rate: 10\n    allowed_addresses: [somewhere]",
            "rate: 10",
            "line 14, channels[0].allowed_addresses: 'somewhere' is neither an IP address nor a",
        ),
        (
            "rate: 10\n    paused: maybe",
            "rate: 10",
            "line 14, channels[0].paused: must be true or false, not text.",
        ),
        (
            'url: "http://127.0.0.1:9100/events", secret: short',
            'url: "http://127.0.0.1:9100/events"',
            "line 7, platforms[0].secret: must have at least 16 characters.",
        ),
        (
            "chanels:",
            "channels:",
            "line 8, chanels: there is no such key; did you mean 'channels'?",
        ),
    ],
)
def test_a_mistake_names_its_line_and_key(wrong, right, said):
    assert right in EXAMPLE
    found = mistakes(EXAMPLE.replace(right, wrong, 1))
    assert said in found[0], found
    assert not User.objects.exists() and not Channel.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the file is empty."),
        ("just words", "line 1: the file must be a group of keys, not text."),
        ("queues:\n  - {name: A\n", "line 3: this is not valid YAML"),
        ("queues:\n\t- x", "line 2: this is not valid YAML"),
        ("queues: &q []\nplatforms: *q", "line 2: this is not valid YAML: aliases"),
        ("queues: !!python/object:os.system []", "line 1, queues: this is not valid YAML"),
        ("queues: !!python/name:os.system", "line 1: this is not valid YAML"),
        ("queues: [{name: \x07}]", "line 1: this character is not allowed in YAML"),
        ("a: 1\n---\nb: 2", "this is not valid YAML: but found another document"),
        ("[" * 5000, "line 1: the file is nested too deeply."),
        ("queues: [{name: 2026-02-31}]", "line 1, queues[0].name: cannot be read"),
        ("queues: [3]", "line 1, queues[0]: must be a group of keys, not a number."),
        ("queues: {name: A}", "line 1, queues: must be a list, not a group of keys."),
        ("queues: [{pickup: auto}]", "line 1, queues[0].name: is missing; it says which queue"),
        ("queues: [{[1]: 2, name: A}]", "line 1, queues[0]: a key must be a plain word."),
        ("platforms: [{name: A}]", "line 1, platforms[0].url: is missing; a new platform needs"),
        ("channels: [{name: A}]", "line 1, channels[0].provider: is missing; a new channel needs"),
        ("extensions: [{number: 5}]", "line 1, extensions[0].username: is missing"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_words(text, said):
    assert said in "\n".join(mistakes(text))


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = (
        EXAMPLE.replace("pickup: manual", "pickup: never")
        .replace("provider: aspsms", "provider: nobody")
        .replace('"+41791234511"', '"0791234511"')
        .replace("{platform: Analytics}", "{platform: Nothing}")
    )
    lines = [int(re.match(r"line (\d+)", each)[1]) for each in mistakes(text)]
    assert lines == [5, 10, 17, 18]


def test_a_mistake_never_shows_a_secret():
    text = EXAMPLE.replace("password: SECRET", "password: [TOP-SECRET]")
    assert "TOP-SECRET" not in "\n".join(mistakes(text))


def test_a_mistake_in_a_new_object_is_not_told_again_where_it_is_used():
    found = mistakes(EXAMPLE.replace("username: second", "username: a/b"))
    assert len(found) == 1


def test_a_misspelt_credential_is_not_missing_as_well():
    assert len(mistakes(EXAMPLE.replace("user_key", "userkey"))) == 1


def test_a_channel_keeps_its_provider():
    setup.apply(EXAMPLE)
    (found,) = mistakes("channels: [{name: Swiss SMS, provider: sandbox}]")
    assert "a channel cannot change its provider; 'Swiss SMS' is with aspsms." in found


def test_two_channels_cannot_share_an_address():
    setup.apply(EXAMPLE)
    token = Channel.objects.get().webhook_token
    (found,) = mistakes(f"channels: [{{name: Other, provider: sandbox, webhook_token: '{token}'}}]")
    assert "is the address of the channel 'Swiss SMS' already." in found


def test_private_addresses_are_refused_unless_allowed(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    found = mistakes(EXAMPLE)
    assert len(found) == 2
    assert all("127.0.0.1 is a private address, which is not allowed" in each for each in found)
    found = mistakes(
        "channels: [{name: G, provider: general, credentials: "
        "{api_key: KEY1, api_send_url: 'http://10.0.0.1/send'}}]"
    )
    assert "channels[0].credentials.api_send_url" in found[0]
    assert "10.0.0.1 is a private address" in found[0]


def test_a_name_that_nobody_knows_yet_is_no_mistake(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False  # the name is looked up again whenever it is used
    setup.apply("platforms: [{name: Later, url: 'https://events.invalid/in'}]")
    assert Platform.objects.get().url == "https://events.invalid/in"


def test_a_mistake_leaves_everything_as_it_was():
    setup.apply(EXAMPLE)
    before = everything()
    mistakes("""
extensions: [{number: "1003", name: Third, username: third, password: third-password}]
queues: [{name: Support, pickup: auto, members: ["1003"]}]
channels: [{name: Swiss SMS, rate: 20, numbers: [{number: "+41791234510", inbound: {queue: X}}]}]
""")
    assert everything() == before


def test_a_number_of_a_chat_network_must_fit_it() -> None:
    text = """
queues: [{name: Support, pickup: manual}]
channels:
  - name: WhatsApp
    provider: whatsapp
    credentials: {access_token: T, app_secret: S, verify_token: W, account_id: "102290129340398"}
    numbers:
      - {number: "NUMBER", inbound: {queue: Support}}
"""
    assert mistakes(text.replace("NUMBER", "+41791234510")) == [
        "line 8, channels[0].numbers[0].number: '+41791234510' does not fit. The phone number ID, "
        "digits only: in the app under WhatsApp, API Setup."
    ]
    setup.apply(text.replace("NUMBER", "106540352242922"))
    assert Channel.objects.get().numbers.get().value == "106540352242922"
