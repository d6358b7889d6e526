"""Presets: data that makes a provider out of another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels_app import credentials
from providers import presets, registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    caches = (presets.presets, registry.slugs, registry.get)
    monkeypatch.setattr(presets, "_FOLDER", tmp_path)
    for each in caches:
        each.cache_clear()
    yield tmp_path
    for each in caches:
        each.cache_clear()


def test_a_preset_is_its_provider_with_other_words(folder: Path) -> None:
    (folder / "mine.toml").write_text("""
name = "Mine"
provider = "http"
default_rate = 3
setup = "1. Do this."
[initial]
country_code = "48"
[fixed]
number_format = "national"
""")
    mine = registry.get("mine")
    assert issubclass(mine, registry.get("http"))
    assert (mine.name, mine.default_rate, registry.stands_on("mine")) == ("Mine", 3, "http")
    fields = mine.Credentials.base_fields
    assert list(fields) == list(registry.get("http").Credentials.base_fields)
    assert fields["country_code"].initial == "48"
    form = mine.Credentials({"number_format": "plus", "country_code": "41"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["number_format"] == "national"  # whatever is posted
    shown = credentials.fields_for(mine)
    assert "credential_country_code" in shown
    assert "credential_number_format" not in shown
    assert registry.get("http").Credentials.base_fields["number_format"].disabled is False


@pytest.mark.parametrize(
    ("line", "said"),
    [("colour = 1", "colour"), ("[initial]\nuser = 1", "user"), ("[fixed]\nx = 1", "x")],
)
def test_a_preset_that_sets_what_there_is_not_is_refused(
    folder: Path, line: str, said: str
) -> None:
    (folder / "mine.toml").write_text(f'name = "Mine"\nprovider = "http"\n{line}')
    with pytest.raises(ValueError, match=said):
        registry.get("mine")


def test_the_http_presets_refuse_to_send_until_they_are_described() -> None:
    for slug in ("telecube", "tide"):
        form = registry.get(slug).Credentials.base_fields
        assert form["send_url"].initial is None
        assert form["number_format"].initial == "bare"
