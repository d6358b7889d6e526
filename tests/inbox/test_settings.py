"""What agents choose for themselves: colours, alerts, keys."""

from __future__ import annotations

import pytest
from django.test import Client

from routing.models import AgentSettings, Extension

from .conftest import HTMX, text

pytestmark = pytest.mark.django_db


def settings_of(extension: Extension) -> AgentSettings:
    return AgentSettings.objects.get(pk=extension.pk)


def test_a_part_is_saved_and_the_rest_stays(browser: Client, anna: Extension) -> None:
    AgentSettings.objects.create(extension=anna, undo_seconds=10, tone="drop")
    browser.post("/settings/", {"theme": "dark"}, headers=HTMX)
    browser.post("/settings/", {"preview": "", "alert_again": "on"}, headers=HTMX)
    mine = settings_of(anna)
    assert (mine.theme, mine.undo_seconds, mine.tone) == ("dark", 10, "drop")
    assert (mine.preview, mine.alert_again, mine.alert_always) == (False, True, False)
    assert browser.post("/settings/", {"theme": "pink"}).status_code == 422
    assert settings_of(anna).theme == "dark"


def test_the_server_writes_the_colours_into_the_page(browser: Client, anna: Extension) -> None:
    system = text(browser.get("/"))
    assert "data-theme" not in system.split("<body")[0] and 'content="light dark"' in system
    browser.post("/settings/", {"theme": "dark"})
    dark = text(browser.get("/"))
    assert '<html lang="en-gb" dir="ltr" data-theme="dark">' in dark
    assert '<meta name="color-scheme" content="dark">' in dark


def test_letters_are_changed_and_made_usual_again(browser: Client, anna: Extension) -> None:
    answer = text(browser.post("/settings/keys/", {"pick-up": "V", "close": "e"}, headers=HTMX))
    assert 'data-shortcut="pick-up" data-keys="v"' in answer  # the dialog of the page follows
    assert settings_of(anna).letters == {"pick-up": "v"}
    assert 'data-shortcut="next" data-keys="j|Alt+j"' in text(browser.get("/"))
    for wrong in ({"pick-up": "e"}, {"pick-up": "g"}, {"pick-up": ""}, {"close": "ee"}):
        assert browser.post("/settings/keys/", wrong).status_code == 422
    assert settings_of(anna).letters == {"pick-up": "v"}
    browser.post("/settings/keys/", {"usual": "1", "pick-up": "v"})
    assert settings_of(anna).letters == {}


def test_switched_off_letters_are_told_to_the_page(browser: Client) -> None:
    assert "data-quiet" not in text(browser.get("/"))
    browser.post("/settings/", {"shortcuts": ""})
    assert "data-quiet" in text(browser.get("/"))


def test_all_modules_are_loaded_at_once(browser: Client) -> None:
    page = text(browser.get("/"))
    for name in ("page", "thread", "composer", "commands", "live"):
        assert f'rel="modulepreload" href="/static/inbox/{name}.js"' in page
