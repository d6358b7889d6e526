"""Doors by file: made, changed, exported; mistakes with their line and key."""

from __future__ import annotations

import json

import pytest
import yaml

from channels_app.models import Number
from routing import setup
from routing.models import Door, Platform, Rule

from .example import EXAMPLE, changes, everything, mistakes

pytestmark = pytest.mark.django_db

DOORS = """\
doors:
  - {name: Branch PBX, kind: yeastar_sms, sender: "+41791234510", webhook: "http://127.0.0.1/hook"}
  - name: Old scripts
    kind: ozeki
    extension: 9994
    sender: "+41791234510"
    senders: ["+41791234511"]
    users: {user1000: mypassword12}
    allowed: [10.0.0.0/8]
    denied: [10.0.0.1]
    per_second: 0.5
    per_day: 1000
  - {name: CRM, kind: openapi, client_id: crm}
"""


def applied(text: str, **options: bool) -> list[dict]:
    return setup.apply(text, **options).as_dict()["doors"]


def test_made_keys_and_secrets_are_told_once(settings) -> None:
    settings.PUBLIC_URL = "https://desk.example.org"
    pbx, scripts, crm = applied(EXAMPLE + DOORS)
    door = Door.objects.get(name="Branch PBX")
    assert door.fits(pbx["key"]) and door.receiver.secret == pbx["secret"]
    assert pbx == {
        "name": "Branch PBX",
        "kind": "yeastar_sms",
        "urls": {
            "send": "https://desk.example.org/api/v1/integration/yeastar/sms/sendmessage",
            "verify": "https://desk.example.org/api/v1/integration/yeastar/sms/verify",
        },
        "key": pbx["key"],
        "secret": pbx["secret"],
    }
    assert scripts == {
        "name": "Old scripts",
        "kind": "ozeki",
        "urls": {"api": "https://desk.example.org/ozeki"},
    }
    door = Door.objects.get(name="CRM")
    assert door.fits(crm["client_secret"]) and door.receiver.secret == crm["secret"]
    assert crm == {
        "name": "CRM",
        "kind": "openapi",
        "urls": {"api": "https://desk.example.org/openapi/v1.0"},
        "client_id": "crm",
        "client_secret": crm["client_secret"],
        "secret": crm["secret"],
    }
    assert setup.apply(EXAMPLE + DOORS).changes == []
    again = applied(EXAMPLE + DOORS)
    assert not {"key", "secret"} & set(again[0])
    assert Door.objects.get(name="Branch PBX").fits(pbx["key"])


def test_what_was_made_is_in_no_change() -> None:
    outcome = setup.apply(EXAMPLE + DOORS)
    said = json.dumps(outcome.as_dict()["changes"])
    assert outcome.doors[0].key not in said and outcome.doors[0].secret not in said
    assert "mypassword12" not in said


def test_a_dry_run_makes_nothing() -> None:
    (pbx, *_) = applied(EXAMPLE + DOORS, dry_run=True)
    assert (pbx["key"], pbx["secret"]) == (None, None)
    assert not Door.objects.exists() and not Platform.everyone.exists()


def test_keys_and_secrets_of_the_file() -> None:
    own = 'doors: [{name: Branch PBX, key: "0123456789abcdef", secret: "fedcba9876543210"}]'
    (first, *_) = applied(EXAMPLE + DOORS)
    assert "key" not in applied(own)[0] and "secret" not in applied(own)[0]
    door = Door.objects.get(name="Branch PBX")
    assert door.fits("0123456789abcdef") and door.fits(first["key"])  # for another day
    assert door.receiver.secret == "fedcba9876543210"
    assert changes(own) == []


def test_settings_are_changed_and_told() -> None:
    setup.apply(EXAMPLE + DOORS)
    told = changes(
        'doors: [{name: Old scripts, active: false, sender: "+41791234512", senders: [], '
        'per_day: null, users: {}, allowed: [], webhook: "http://127.0.0.1/in"}]'
    )
    assert told == [
        "door Old scripts: updated (active: yes → no; per_day: 1000 → none; "
        "allowed: 10.0.0.0/8 → none; sender: +41791234510 → +41791234512; users: none; "
        "senders: +41791234511 → none; webhook: none → http://127.0.0.1/in)"
    ]
    door = Door.objects.get(name="Old scripts")
    assert (door.users, door.per_day, door.senders.count()) == ({}, None, 0)
    assert changes('doors: [{name: Old scripts, webhook: ""}]') == [
        "door Old scripts: updated (webhook: http://127.0.0.1/in → none)"
    ]


def test_a_door_for_everybody_nearby_is_warned_of() -> None:
    open_door = 'doors: [{name: X, kind: ozeki, extension: "1", sender: "+41791234510"}]'
    (warning,) = [x for x in setup.apply(EXAMPLE + open_door).warnings if "doors" in x]
    assert warning == (
        "line 19, doors[0]: anybody in a private network can send; name users or allowed addresses."
    )


def test_the_export_sets_up_the_same_doors_elsewhere() -> None:
    (pbx, *_) = applied(EXAMPLE + DOORS)
    for with_secrets in (True, False):
        assert changes(setup.export(with_secrets=with_secrets)) == []
    before, text = everything(), setup.export(with_secrets=True)
    assert pbx["key"] not in text
    bare = setup.export()
    assert pbx["secret"] not in bare and "mypassword12" not in bare and "key_hash" not in bare
    assert [each["name"] for each in yaml.safe_load(bare)["platforms"]] == ["Analytics"]
    Door.objects.all().delete()
    Platform.everyone.exclude(form=Platform.PLATFORM).delete()
    setup.apply(text)
    assert everything() == before
    assert Door.objects.get(name="Branch PBX").fits(pbx["key"])


@pytest.mark.parametrize(
    ("entry", "path", "said"),
    [
        ("{kind: ozeki}", ".name", "is missing"),
        ("{name: X}", ".kind", "is missing; it is one of yeastar_sms, ozeki"),
        ("{name: X, kind: door}", ".kind", "there is no kind of door 'door'"),
        ("{name: X, kind: openapi}", ".client_id", "is missing"),
        ("{name: X, kind: openapi, client_id: c, key: 0123456789abcdefg}", ".key", "knows no key"),
        ("{name: X, kind: openapi, client_id: c, client_secret: x}", ".client_secret", "at least"),
        ("{name: Analytics, kind: openapi, client_id: c}", ".name", "A platform has this name"),
        ("{name: X, kind: openapi, client_id: crm}", ".client_id", "client ID of the door 'CRM'"),
        ("{name: Old scripts, client_id: x}", ".client_id", "knows no client ID"),
        ("{name: X, kind: ozeki, extension: '1'}", ".sender", "is missing"),
        ("{name: X, kind: yeastar_sms}", ".sender", "is missing"),
        ("{name: X, kind: ozeki, sender: '+41791234510'}", ".extension", "is missing"),
        ("{name: X, kind: yeastar_sms, sender: '+1555'}", ".sender", "there is no number '+1555'"),
        ("{name: Branch PBX, sendr: '1'}", ".sendr", "did you mean 'sender'"),
        ("{name: Branch PBX, kind: ozeki}", ".kind", "cannot change its kind"),
        ("{name: Branch PBX, key: short}", ".key", "at least 16 characters"),
        ("{name: Branch PBX, key_hash: short}", ".key_hash", "64 hexadecimal digits"),
        ("{name: Branch PBX, secret: short}", ".secret", "at least 16 characters"),
        ("{name: Branch PBX, webhook: 'ftp://x'}", ".webhook", "is not an http"),
        ("{name: Branch PBX, per_second: 0}", ".per_second", "more than 0"),
        ("{name: Branch PBX, per_day: -1}", ".per_day", "at least 1"),
        ("{name: Old scripts, key: 0123456789abcdefg}", ".key", "knows no key"),
        ("{name: Old scripts, secret: 0123456789abcdefg}", ".secret", "signs nothing"),
        ("{name: Old scripts, users: [x]}", ".users", "names with passwords, not a list"),
        ("{name: Old scripts, users: {x: }}", ".users.x", "must be text"),
        ("{name: Old scripts, extension: abc}", ".extension", "Digits only"),
        ("{name: Old scripts, allowed: [here]}", ".allowed", "neither an IP address nor"),
        ("{name: Old scripts, denied: [here]}", ".denied", "neither an IP address nor"),
        ("{name: Old scripts, senders: ['+1']}", ".senders[0]", "there is no number '+1'"),
        (
            "{name: X, kind: ozeki, extension: '9994', sender: '+41791234510'}",
            ".extension",
            "is the extension of the door 'Old scripts' already",
        ),
    ],
)
def test_mistakes_name_line_and_key(entry: str, path: str, said: str) -> None:
    setup.apply(EXAMPLE + DOORS)
    (mistake,) = mistakes(f"doors:\n  - {entry}\n")
    assert mistake.startswith(f"line 2, doors[0]{path}: ")
    assert said in mistake


def test_a_number_leads_to_a_door_that_the_same_file_makes() -> None:
    text = EXAMPLE.replace("{platform: Analytics}", "{platform: CRM}")
    assert "platform: CRM" in text
    (crm,) = applied(text + "doors: [{name: CRM, kind: openapi, client_id: crm}]")
    receiver = Door.objects.get().receiver
    assert (
        receiver == Platform.objects.get(name="CRM") == Rule.objects.get(platform=receiver).platform
    )
    exported = setup.export(with_secrets=True)
    assert crm["client_secret"] not in exported and "platform: CRM" in exported
    assert changes(exported) == []
    (mistake,) = mistakes("platforms: [{name: CRM, url: 'http://127.0.0.1/'}]")
    assert "is a door of the Open API already" in mistake


def test_a_key_opens_one_door() -> None:
    setup.apply(EXAMPLE + DOORS)
    twice = 'doors: [{name: %s, kind: yeastar_sms, sender: "+41791234510", key: 0123456789abcdef}]'
    setup.apply(twice % "One")
    (mistake,) = mistakes(twice % "Two")
    assert mistake == "line 1, doors[0].key: is the key of the door 'One' already."


def test_a_door_needs_a_number_for_texts() -> None:
    setup.apply(EXAMPLE)
    channel = Number.objects.get(value="+41791234510").channel
    channel.pk, channel.name, channel.provider = None, "Chat", "telegram"
    channel.webhook_token = "0" * 32
    channel.save()
    Number.objects.create(channel=channel, value="our_bot")
    (mistake,) = mistakes("doors: [{name: X, kind: yeastar_sms, sender: our_bot}]")
    assert mistake == "line 1, doors[0].sender: our_bot sends no text messages to phones."
