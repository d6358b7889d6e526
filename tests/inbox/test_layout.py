"""How an agent has arranged the page, and where they find themselves again."""

from __future__ import annotations

import pytest
from django.test import Client

from routing.models import AgentSettings, Extension

from .conftest import logged_in, text

pytestmark = pytest.mark.django_db


def test_what_is_arranged_is_kept_piece_by_piece(browser: Client, anna: Extension) -> None:
    for piece in ({"density": "compact"}, {"list_width": "412"}, {"enter_sends": "False"}):
        assert browser.post("/settings/layout/", piece, headers={"HX-Request": "true"})
    mine = AgentSettings.objects.get(pk=anna.pk)
    assert (mine.density, mine.list_width, mine.enter_sends) == ("compact", 412, False)
    assert mine.events and mine.undo_seconds == 0
    page = text(browser.get("/"))
    for part in ('data-density="compact"', 'data-enter="breaks"', "/look/412.css"):
        assert part in page


@pytest.mark.parametrize("wrong", [{"density": "huge"}, {"list_width": "9"}, {"list_width": "x"}])
def test_nonsense_is_refused(browser: Client, anna: Extension, wrong: dict[str, str]) -> None:
    answer = browser.post("/settings/layout/", wrong, headers={"HX-Request": "true"})
    assert answer.status_code == 422 and not AgentSettings.objects.exists()


def test_the_width_is_a_stylesheet_within_bounds(client: Client) -> None:
    assert "412px" in text(client.get("/look/412.css"))
    assert "560px" in text(client.get("/look/9999.css"))


def test_who_comes_again_finds_the_list_they_left(browser: Client, anna: Extension) -> None:
    browser.get("/?view=unassigned&sort=waiting")
    again = logged_in(anna)
    assert again.get("/").headers["Location"] == "/?view=unassigned&sort=waiting"
    assert again.get("/").status_code == 200, "a link of the page leads where it says"
    typed = again.get("/", headers={"Sec-Fetch-Site": "none"})
    assert typed.status_code == 200, "the last list is now this one"
    assert again.get("/?view=all").status_code == 200


def test_a_refresh_or_a_search_is_not_the_last_list(browser: Client, anna: Extension) -> None:
    browser.get("/?view=mine")
    browser.get("/?view=failed", headers={"HX-Request": "true", "HX-Target": "list"})
    browser.get("/?q=words")
    assert AgentSettings.objects.get().last_list == "?view=mine"
