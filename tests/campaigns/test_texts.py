from __future__ import annotations

import pytest

from routing.campaigns import Lacking, fill, variables


def test_variables_are_filled_whatever_their_case() -> None:
    text = "Dear {{ First  Name }}, {{town|your town}} calls. {{town|your town}}!"
    assert fill(text, {"first name": "Anna"}) == "Dear Anna, your town calls. your town!"
    assert fill(text, {"first name": "Anna", "town": "Bern"}) == "Dear Anna, Bern calls. Bern!"
    assert variables(text) == ["first name", "town"]


def test_a_value_is_never_read_as_a_variable() -> None:
    assert fill("{{a}}", {"a": "{{b}}", "b": "secret"}) == "{{b}}"


def test_a_variable_without_value_is_told() -> None:
    with pytest.raises(Lacking, match="name, town"):
        fill("{{name}} {{town}} {{name}}", {"name": " "})
