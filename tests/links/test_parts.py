"""Long messages: their headers, and putting them together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.links.parts import Assembly, Place, header_of, place_of, split_header


@pytest.mark.parametrize(
    "written, wanted",
    [
        ("0500034b0201", Place(0x4B, 2, 1)),
        ("060804abcd0302", Place(0xABCD, 3, 2)),
        ("0a050415811581" + "00034b0202", None),  # the length leaves the last element out
        ("0b0504158115810003" + "4b0202", Place(0x4B, 2, 2)),  # ports first
        ("0500034b0203", None),  # the third of two
        ("0500034b0200", None),
        ("0500034b0101", None),  # a message of one part is whole
        ("04000300", None),
        ("", None),
        ("ff0003", None),
    ],
)
def test_headers_tell_the_place(written: str, wanted: Place | None) -> None:
    header, _ = split_header(bytes.fromhex(written))
    assert place_of(header) == wanted


def test_a_header_is_written_as_phones_do() -> None:
    assert header_of(Place(0x4B, 2, 1)).hex() == "0500034b0201"
    assert header_of(Place(0xABCD, 3, 2), wide=True).hex() == "060804abcd0302"


@given(st.binary(max_size=40))
def test_any_bytes_are_a_header_or_none(written: bytes) -> None:
    header, rest = split_header(written)
    assert len(header) + len(rest) in (len(written), len(written) - 1)
    place = place_of(header)
    assert place is None or 1 <= place.number <= place.total


def test_parts_come_in_any_order_and_twice() -> None:
    assembly: Assembly[str] = Assembly(60)
    assert assembly.add("a", Place(7, 3, 3), "three") is None
    assert assembly.add("b", Place(7, 3, 1), "another's") is None
    assert assembly.add("a", Place(7, 3, 1), "one") is None
    assert assembly.add("a", Place(7, 3, 1), "one again") is None
    assert assembly.add("a", Place(8, 2, 2), "another message") is None
    whole = assembly.add("a", Place(7, 3, 2), "two")
    assert whole == (["one", "two", "three"], ["one again"])
    assert len(assembly) == 2


def test_what_stays_incomplete_is_given_up() -> None:
    now = 0.0
    assembly: Assembly[str] = Assembly(60, lambda: now)
    assembly.add("a", Place(7, 3, 2), "two")
    now = 50.0
    assembly.add("a", Place(7, 3, 3), "three")
    now = 109.0
    assert assembly.overdue() == []
    now = 110.0
    assert assembly.overdue() == [([None, "two", "three"], [])]
    assert len(assembly) == 0
