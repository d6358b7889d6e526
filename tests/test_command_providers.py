"""manage.py providers, and the page that it writes."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from providers import capabilities, registry


def run(*args: str) -> str:
    out = StringIO()
    call_command("providers", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_programs_read_an_array_of_objects() -> None:
    found = {each["slug"]: each for each in json.loads(run("--json"))}
    assert tuple(found) == registry.slugs()
    assert all(each["name"] == registry.get(slug).name for slug, each in found.items())
    aspsms = found["aspsms"]
    assert aspsms["reports"] == ["webhook", "polling"]
    assert aspsms["receives"] == ["webhook"] and aspsms["sends"]
    assert aspsms["media"] is None and aspsms["alphanumeric_sender"]
    general = found["general"]
    assert general["media"]["max_bytes"] == 100_000_000 and general["reports"] == []
    assert general["signed_webhooks"] and not aspsms["signed_webhooks"]
    assert found["athena"]["preset_of"] == "general"


def test_people_read_a_table() -> None:
    heading, *lines = run().splitlines()
    assert heading.split()[:2] == ["Slug", "Provider"]
    assert len(lines) == len(registry.slugs())
    (line,) = (line for line in lines if line.startswith("general "))
    assert "100 MB, 10 at once" in line and "signed" in line


def test_the_page_is_written(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    run("--write")
    page = (tmp_path / "docs" / "providers.md").read_text()
    assert "| [aspsms](providers/aspsms.md) | ASPSMS | yes | webhook | no |" in page


def test_the_page_is_up_to_date() -> None:
    page = Path(settings.BASE_DIR) / "docs" / "providers.md"
    said = "docs/providers.md is stale; run: manage.py providers --write"
    assert page.read_text() == capabilities.page(), said
