"""Configuration by file: apply and export."""

from __future__ import annotations

import io
import json
import re
import string
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from channels_app.models import Channel, Number
from routing import setup
from routing.models import Extension, Platform, Queue, Rule

pytestmark = pytest.mark.django_db

EXAMPLE = """\
extensions:
  - {number: "1001", name: First Extension, username: first, password: first-password}
  - {number: "1002", name: Second Extension, username: second, password: second-password}
queues:
  - {name: Support, pickup: manual, members: ["1001", "1002"]}
platforms:
  - {name: Analytics, url: "http://127.0.0.1:9100/events"}
channels:
  - name: Swiss SMS
    provider: aspsms
    credentials: {user_key: KEY, password: SECRET}
    api_address: "http://127.0.0.1:9001"     # optional
    rate: 10
    close_after_days: 3                       # leave out: never
    numbers:
      - {number: "+41791234510", inbound: {queue: Support}, may_start: ["1001"]}
      - {number: "+41791234511", inbound: {extension: "1002"}}
      - {number: "+41791234512", inbound: {platform: Analytics}}
"""


@pytest.fixture(autouse=True)
def _private(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def changes(text: str, **options) -> list[str]:
    return [str(each) for each in setup.apply(text, **options).changes]


def mistakes(text: str) -> list[str]:
    with pytest.raises(setup.NotApplied) as caught:
        setup.apply(text)
    return caught.value.mistakes


def everything() -> dict:
    return yaml.safe_load(setup.export(with_secrets=True))


# --- what a file does -------------------------------------------------------------------------


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
""")
    channel = Channel.objects.get()
    assert channel.webhook_url.endswith(f"/api/v1.0/webhook/aspsms/{token}")
    assert (channel.in_flight, channel.paused, channel.close_after_days) == (5, True, None)
    assert (channel.accompanying_text, channel.allow_second_session) == ("See the file", True)
    assert channel.allows_address("192.0.2.7") and not channel.allows_address("192.0.3.7")
    assert Platform.objects.get().keys == ["new-secret-of-ours", "the-secret-before"]


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


# --- mistakes ---------------------------------------------------------------------------------


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


def test_a_mistake_leaves_everything_as_it_was():
    setup.apply(EXAMPLE)
    before = everything()
    mistakes("""
extensions: [{number: "1003", name: Third, username: third, password: third-password}]
queues: [{name: Support, pickup: auto, members: ["1003"]}]
channels: [{name: Swiss SMS, rate: 20, numbers: [{number: "+41791234510", inbound: {queue: X}}]}]
""")
    assert everything() == before


# --- the commands -----------------------------------------------------------------------------


def run(*words: str, stdin: bytes | None = None, monkeypatch=None) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    if stdin is not None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "parley.yaml"
    path.write_text(EXAMPLE)
    return path


def test_apply_prints_json_and_nothing_else(file, settings):
    settings.PUBLIC_URL = "https://desk.example.org"
    out, err = run("apply", str(file))
    found = json.loads(out)
    channel, platform = Channel.objects.get(), Platform.objects.get()
    assert found["channels"] == [
        {
            "name": "Swiss SMS",
            "provider": "aspsms",
            "webhook_url": f"https://desk.example.org/api/v1.0/webhook/aspsms/{channel.webhook_token}",
        }
    ]
    assert found["platforms"] == [{"name": "Analytics", "secret": platform.secret}]
    assert [(each["object"], each["action"]) for each in found["changes"]] == [
        ("extension", "created"),
        ("extension", "created"),
        ("queue", "created"),
        ("platform", "created"),
        ("channel", "created"),
        ("number", "created"),
        ("number", "created"),
        ("number", "created"),
    ]
    assert "channel Swiss SMS: created" in err
    for secret in ("SECRET", "first-password", "KEY"):
        assert secret not in json.dumps(found["changes"]) + err


def test_a_dry_run_tells_and_changes_nothing(file):
    out, err = run("apply", str(file), "--dry-run")
    found = json.loads(out)
    assert len(found["changes"]) == 8
    assert found["channels"][0]["webhook_url"] is None  # it has none yet
    assert found["platforms"][0]["secret"] is None
    assert "Would be: queue Support: created" in err
    assert not User.objects.exists() and not Channel.objects.exists()

    run("apply", str(file))
    channel = Channel.objects.get()
    file.write_text("channels: [{name: Swiss SMS, rate: 2.5}]")
    out, _ = run("apply", str(file), "--dry-run")
    found = json.loads(out)
    assert found["changes"] == [
        {
            "object": "channel",
            "name": "Swiss SMS",
            "action": "updated",
            "fields": ["rate: 10 → 2.5"],
        }
    ]
    assert found["channels"][0]["webhook_url"] == channel.webhook_url
    assert Channel.objects.get().rate == 10


def test_apply_reads_standard_input(monkeypatch):
    run("apply", "-", stdin=b"queues: [{name: Support}]", monkeypatch=monkeypatch)
    assert Queue.objects.get().name == "Support"


def test_a_mistake_ends_the_command_with_its_place(file):
    file.write_text(EXAMPLE.replace("rate: 10", "rate: fast"))
    with pytest.raises(CommandError) as caught:
        run("apply", str(file))
    assert caught.value.returncode == 1
    assert "has a mistake; nothing was applied." in str(caught.value)
    assert "line 13, channels[0].rate: must be a number" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read: No such file"), (b"a: 1\nb: \xff", "line 2")]
)
def test_a_file_that_cannot_be_read_is_told(tmp_path, content, said):
    path = tmp_path / "broken.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        run("apply", str(path))


def test_export_leaves_secrets_out_unless_asked(file):
    run("apply", str(file))
    channel, platform = Channel.objects.get(), Platform.objects.get()
    plain, _ = run("export")
    full, _ = run("export", "--with-secrets")
    for secret in ("SECRET", channel.webhook_token, platform.secret, "md5$"):
        assert secret not in plain
        assert secret in full
    assert "user_key: KEY" in plain


def test_what_was_exported_changes_nothing(file):
    run("apply", str(file))
    for words in (["export"], ["export", "--with-secrets"]):
        file.write_text(run(*words)[0])
        out, err = run("apply", str(file))
        assert json.loads(out)["changes"] == []
        assert err == "Nothing to change.\n"


def test_an_empty_house_is_restored_from_an_export():
    setup.apply(EXAMPLE)
    before, text = everything(), setup.export(with_secrets=True)
    Rule.objects.all().delete()
    for model in (Number, Channel, Platform, Queue, Extension, User):
        model.objects.all().delete()
    setup.apply(text)
    assert everything() == before
    assert authenticate(username="first", password="first-password")


def test_an_export_without_secrets_restores_agents_without_passwords():
    setup.apply('extensions: [{number: "1", name: A, username: a, password: long-enough-1}]')
    text = setup.export()
    User.objects.all().delete()
    outcome = setup.apply(text)
    assert not User.objects.get().has_usable_password()
    assert "changepassword a" in outcome.warnings[0]


def test_the_documented_example_and_its_mistakes_are_true(settings):
    page = (settings.BASE_DIR / "docs" / "configuration.md").read_text()
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    wrong = example.replace('"+41791234510"', '"41791234510"')
    wrong = wrong.replace("{queue: Support}", "{queue: Suport}")
    for each in mistakes(wrong):
        assert each in page
    assert len(setup.apply(example).changes) == 8


names = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "),
    min_size=1,
    max_size=40,
).filter(lambda x: x == x.strip())
secrets = st.text(string.ascii_letters + string.digits + "%&+:#'\"{}- ", min_size=3, max_size=20)
digits = st.integers(1, 10**10).map(str)


@st.composite
def houses(draw) -> dict:
    agents = draw(st.lists(digits, min_size=1, max_size=3, unique=True))
    queues = draw(st.lists(names, max_size=2, unique=True))
    platforms = draw(st.lists(names, max_size=2, unique=True))
    some = st.lists(st.sampled_from(agents), unique=True)
    targets = [{"extension": each} for each in agents]
    targets += [{"queue": each} for each in queues] + [{"platform": each} for each in platforms]
    number = st.integers(1, 9_999_999).map(lambda x: f"+4179{x:07d}")
    channel = st.fixed_dictionaries(
        {
            "name": names,
            "provider": st.just("aspsms"),
            "credentials": st.fixed_dictionaries(
                {"user_key": secrets.filter(str.strip), "password": secrets.filter(str.strip)}
            ),
        },
        optional={
            "rate": st.decimals("0.001", "9999", places=3).map(float),
            "in_flight": st.integers(1, 1000),
            "close_after_days": st.none() | st.integers(1, 1000),
            "accompanying_text": names,
            "allow_second_session": st.booleans(),
            "paused": st.booleans(),
            "allowed_addresses": st.lists(st.ip_addresses().map(str), max_size=2),
            "webhook_token": st.text("0123456789abcdef", min_size=32, max_size=32),
            "numbers": st.lists(
                st.fixed_dictionaries(
                    {"number": number, "inbound": st.sampled_from(targets), "may_start": some}
                ),
                max_size=3,
                unique_by=lambda x: x["number"],
            ),
        },
    )
    once = (lambda x: x["name"], lambda x: x.get("webhook_token", x["name"]))
    return {
        "extensions": [
            {"number": each, "name": draw(names), "username": f"agent{each}", "password": "pw-" * 4}
            for each in agents
        ],
        "queues": [
            {
                "name": each,
                "pickup": draw(st.sampled_from(["manual", "auto", "none"])),
                "members": draw(some),
            }
            for each in queues
        ],
        "platforms": [{"name": each, "url": "http://127.0.0.1/x"} for each in platforms],
        "channels": draw(st.lists(channel, max_size=2, unique_by=once)),
    }


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(house=houses())
def test_any_house_comes_back_from_its_export(house):
    with transaction.atomic():
        setup.apply(json.dumps(house, ensure_ascii=False))  # JSON is YAML
        for with_secrets in (True, False):
            assert changes(setup.export(with_secrets=with_secrets)) == []
        before, text = everything(), setup.export(with_secrets=True)
        Rule.objects.all().delete()
        for model in (Number, Channel, Platform, Queue, Extension, User):
            model.objects.all().delete()
        setup.apply(text)
        assert everything() == before
        transaction.set_rollback(True)
