"""The deployment guide says what is true: its settings, its commands, its keys."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from channels_app.models import Channel
from routing.models import Platform

from . import factories
from .stories.databases import ROOT

GUIDE = (ROOT / "docs" / "deploy.md").read_text("utf-8")


def _documented() -> dict[str, str]:
    """The settings file of the guide, with keys filled in."""
    block = GUIDE.split("`/etc/parley.env`")[1].split("```sh\n")[1].split("```")[0]
    found = dict(line.split("=", 1) for line in block.splitlines())
    return {**found, "SECRET_KEY": "k" * 30 + "abcdefghij" * 3, "FIELD_KEYS": "x" * 43 + "="}


def test_every_setting_is_in_the_guide() -> None:
    source = (ROOT / "config" / "settings.py").read_text("utf-8")
    names = set(re.findall(r'\benv(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', source))
    assert {"DATABASE_URL", "TRUSTED_PROXIES"} <= names
    table = GUIDE.split("## Settings")[1]
    assert [name for name in sorted(names) if f"`{name}`" not in table] == []


def test_the_documented_settings_pass_djangos_deployment_check(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**kept, **_documented(), "DATA_DIR": str(tmp_path), "STATIC_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_the_units_and_the_procfile_name_the_same_programs() -> None:
    procfile = (ROOT / "Procfile").read_text("utf-8")
    units = re.findall(r"^ExecStart=/opt/parley/\.venv/bin/(\S+)", GUIDE, re.MULTILINE)
    assert units == re.findall(r"^\w+: (\S+)", procfile, re.MULTILINE)


@pytest.mark.django_db
def test_rotated_secrets_need_only_the_new_key(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_KEYS = [old]
    channel = factories.ChannelFactory(credentials={"key": "value"})
    secret = factories.PlatformFactory().secret

    settings.FIELD_KEYS = [new, old]
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    assert "channels: 1" in out.getvalue()

    settings.FIELD_KEYS = [new]
    assert Channel.objects.get().credentials == {"key": "value"}
    assert Platform.objects.get().secret == secret
    settings.FIELD_KEYS = [old]
    with pytest.raises(ImproperlyConfigured):
        channel.refresh_from_db()


@pytest.mark.django_db
def test_the_statement_after_a_restore_stops_what_waited() -> None:
    statement = GUIDE.split('psql parley -c "')[1].split('"\n')[0]
    answer = factories.MessageFactory(answer=True)
    received = factories.MessageFactory()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    answer.refresh_from_db()
    received.refresh_from_db()
    assert (answer.status, received.status) == ("unknown", "received")
    assert answer.may_retry and answer.reason.startswith("Restored")
