"""The arithmetic and the document of the bench: figures are only as right as these."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.figures import average_rate, jain, middle_rate, most_in_a_second, percentile
from bench.table import Row, table, write


def test_rates_of_an_even_flow() -> None:
    times = [n / 64 for n in range(256)]  # steps that a float holds exactly
    assert average_rate(times) == pytest.approx(64)
    assert middle_rate(times) == pytest.approx(64)
    assert most_in_a_second(times) == 64


def test_middle_rate_forgets_a_slow_start_and_a_late_end() -> None:
    times = [-60.0, *(n / 100 for n in range(1_000)), 90.0]
    assert middle_rate(times) == pytest.approx(100, rel=0.01)


def test_fullest_second_is_found_wherever_it_begins() -> None:
    assert most_in_a_second([0.0, 0.9, 1.0, 1.1, 1.2, 1.89, 3.0]) == 5
    assert most_in_a_second([0.0, 1.0, 2.0]) == 1


def test_jain_is_one_for_equals_and_a_fraction_for_the_greedy() -> None:
    assert jain([5.0] * 100) == pytest.approx(1)
    assert jain([7.0, 0, 0, 0]) == pytest.approx(0.25)


def test_percentile_is_a_value_that_was_seen() -> None:
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_tables_replace_only_their_own_place(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    marks = "<!-- bench {0} -->\n<!-- end {0} -->\n"
    path.write_text("before\n" + marks.format("one") + marks.format("two") + "after\n")
    for name in ("one", "two", "one"):
        write(path, name, table([Row(name, r"1\2", met=False)]))
    text = path.read_text()
    assert text.startswith("before\n") and text.endswith("<!-- end two -->\nafter\n")
    assert text.count(r"| one | 1\2 |  |  |  | **no** |") == text.count("| two |") == 1
    with pytest.raises(ValueError, match="no place for three"):
        write(path, "three", "")
