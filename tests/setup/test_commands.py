"""manage.py apply and manage.py export."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from channels_app.models import Channel, Number
from routing import setup
from routing.models import Extension, Platform, Queue, Rule

from .example import EXAMPLE, everything, mistakes

pytestmark = pytest.mark.django_db


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
    assert len(setup.apply(example).changes) == 10
