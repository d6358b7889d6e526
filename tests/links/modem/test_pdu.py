"""PDUs: against published examples, and against a second writer and reader."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import Rejected
from providers.links.modem.pdu import (
    Garbage,
    Receipt,
    Received,
    alphabet_of,
    read,
    submits,
    text_of,
)
from providers.segments import SEPTETS, count
from tests.providers.played import LONG

from . import pdus

LETTERS = st.text(st.sampled_from(sorted(SEPTETS)), max_size=400)
ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=300)


def test_a_short_text_is_the_published_example() -> None:
    assert submits("+46708251358", "hellohello", 0, reports=False) == [
        (23, "0011000B916407281553F80000A90AE8329BFD4697D9EC37")
    ]


def test_a_part_is_what_other_programs_send_too() -> None:
    """The head of gammu's own two-part message, with a report asked for, and with our validity."""
    text = "Zażółć gęślą jaźń " * 5
    (length, pdu), _ = submits("+48501020002", text, 0x4B, reports=True)
    assert length == 154
    assert pdu.startswith("0071000B918405010200F20008A98C0500034B0201005A0061")


def test_published_messages_are_read() -> None:
    found = read("07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07")
    assert isinstance(found, Received)
    assert (found.sender, text_of([found])) == ("+31641600986", ("How are you?", ""))
    assert found.sent_at == datetime(2002, 8, 26, 19, 37, 41, tzinfo=UTC)
    named = read("0791448720003023240DD0E474D81C0EBB010000111011315214000BE474D81C0EBB5DE3771B")
    assert isinstance(named, Received) and named.sender == "diafaan"


@given(LETTERS | ANY)
def test_what_is_sent_is_read_by_others(text: str) -> None:
    parts = submits("+41791112233", text, 77, reports=True)
    read_back = [pdus.submitted(pdu) for _, pdu in parts]
    assert "".join(each[2] for each in read_back) == text
    assert {each[:2] for each in read_back} == {("+41791112233", 0x71 if len(parts) > 1 else 0x31)}
    assert len(parts) == max(1, count(text).segments)
    for number, (_, _, _, header) in enumerate(read_back, 1):
        assert header == (bytes((5, 0, 3, 77, len(parts), number)) if len(parts) > 1 else b"")
    for length, pdu in parts:
        assert length == len(pdu) // 2 - 1 <= 164


def test_the_long_text_of_the_fixtures_goes_in_parts() -> None:
    parts = submits("+41791112233", LONG, 1, reports=False)
    assert len(parts) == count(LONG).segments == 24
    assert "".join(pdus.submitted(pdu)[2] for _, pdu in parts) == LONG


@given(LETTERS.filter(lambda text: len(text) < 70) | ANY.filter(lambda text: len(text) < 30))
def test_what_others_send_is_read(text: str) -> None:
    write = pdus.gsm if all(letter in SEPTETS for letter in text) else pdus.ucs2
    for header in ("", "0500034B0201", "06080412340201"):
        found = read(pdus.deliver("+41791112233", write(text, header), header=bool(header)))
        assert isinstance(found, Received)
        assert text_of([found]) == (text, "")
        assert (found.place is None) == (not header)
        assert found.sent_at == datetime(2026, 11, 21, 14, 4, tzinfo=UTC)


def test_a_letter_cut_in_halves_is_whole_again() -> None:
    first, second = "d83d", "de00"  # an emoji
    parts = [
        read(pdus.deliver("+4179", ("08", "080500034B020" + n + half), header=True))
        for n, half in (("1", first), ("2", second))
    ]
    assert text_of([each for each in parts if isinstance(each, Received)]) == ("😀", "")


def test_a_missing_part_shows() -> None:
    parts = [read(pdus.deliver("+4179", pdus.gsm(text))) for text in ("one", "three")]
    one, three = (each for each in parts if isinstance(each, Received))
    text, raw = text_of([one, None, three])
    assert text == "one [...] three"
    assert raw == f"{one.raw} {three.raw}"


@pytest.mark.parametrize(
    "coding, wanted",
    [
        (0x00, "gsm7"), (0x01, "gsm7"), (0x10, "gsm7"), (0xF0, "gsm7"), (0xC8, "gsm7"),
        (0xD0, "gsm7"), (0x08, "ucs2"), (0x18, "ucs2"), (0xE0, "ucs2"), (0x04, "binary"),
        (0xF5, "binary"), (0x14, "binary"), (0x20, "binary"), (0x0C, "binary"),
    ],
)  # fmt: skip
def test_codings_name_their_alphabet(coding: int, wanted: str) -> None:
    assert alphabet_of(coding) == wanted


def test_bytes_and_foreign_tables_are_kept_raw() -> None:
    binary = read(pdus.deliver("+4179", ("04", "03010203")))
    shifted = read(pdus.deliver("+4179", pdus.gsm("Hi", "03250101"), header=True))
    for found, text in ((binary, ""), (shifted, "Hi")):
        assert isinstance(found, Received)
        assert text_of([found]) == (text, found.raw)


def test_a_status_report_is_read() -> None:
    found = read(pdus.status_report(11, "+41791112233", 0x43))
    at = datetime(2026, 11, 21, 14, 4, tzinfo=UTC)
    assert found == Receipt(11, "+41791112233", at, at, 0x43)


def test_our_own_stored_messages_are_none_of_it() -> None:
    assert read(submits("+41791112233", "Hi", 0, reports=False)[0][1]) is None


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda tail: b"\0\4\x0b\x91" + tail))
def test_any_bytes_are_a_message_or_garbage(octets: bytes) -> None:
    try:
        found = read(octets.hex())
    except Garbage:
        return
    if isinstance(found, Received):
        text_of([found])[0].encode()


@pytest.mark.parametrize("written", ["", "zz", "0", "OK", "07911326040000F0040B9113"])
def test_what_is_no_pdu_is_garbage(written: str) -> None:
    with pytest.raises(Garbage):
        read(written)


@pytest.mark.parametrize("number", ["Migros", "+41 79", "", "+", "٤١٧٩", "+" + "1" * 21])
def test_only_numbers_can_be_written_to(number: str) -> None:
    with pytest.raises(Rejected) as caught:
        submits(number, "Hi", 0, reports=False)
    assert caught.value.code == "invalid_phone_number"
