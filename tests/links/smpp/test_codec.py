"""The codec and the alphabets: whatever is written can be read, whatever comes is survived."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
import smpplib.smpp
from hypothesis import given, settings
from hypothesis import strategies as st

from providers import segments
from providers.base import Outbound
from providers.errors import Rejected
from providers.links.parts import place_of, split_header
from providers.links.smpp import alphabets, joining, outgoing, receipts
from providers.links.smpp import pdu as wire
from providers.links.smpp import settings as s

QUICK = settings(max_examples=150, deadline=None, derandomize=True)
names = st.text(st.characters(codec="latin-1", exclude_characters="\0"), max_size=20)
octet = st.integers(0, 255)
addresses = st.builds(wire.Address, octet, octet, names)
tlvs = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=5)
shorts = st.builds(
    wire.Short,
    addresses,
    addresses,
    st.binary(max_size=255),
    octet,
    octet,
    octet,
    names,
    tlvs,
)
letters = st.one_of(
    st.sampled_from(sorted(segments.SEPTETS)),
    st.sampled_from("ż😀𝔘ёçÿ"),
    st.characters(codec="utf-8", exclude_characters="\0"),
)
texts = st.text(letters, max_size=900)
ways = st.builds(
    s.Settings,
    host=st.just("h"),
    default_alphabet=st.sampled_from([s.GSM7, s.LATIN1, s.ASCII]),
    send_as=st.sampled_from([s.DEFAULT, s.LATIN1, s.UCS2]),
    long_messages=st.sampled_from([s.UDH8, s.UDH16, s.SAR, s.PAYLOAD]),
)


@settings(QUICK, max_examples=60)
@given(shorts, st.integers(1, wire.LAST_SEQUENCE), st.data())
def test_what_is_written_is_read_however_tcp_cuts_it(
    short: wire.Short, sequence: int, data: st.DataObject
) -> None:
    written = wire.pack(wire.DELIVER_SM, sequence, short.packed()) + wire.pack(wire.UNBIND, 9)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=6)))
    splitter, found = wire.Splitter(), []
    for begin, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        found += splitter.feed(written[begin:end])
    assert [each.command for each in found] == [wire.DELIVER_SM, wire.UNBIND]
    assert found[0].sequence == sequence
    assert wire.read_short(found[0]) == short


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_are_pdus_or_garbage(received: bytes) -> None:
    try:
        for each in wire.Splitter().feed(received):
            wire.read_short(each)
    except wire.Garbage:
        pass


@QUICK
@given(st.binary(max_size=120), tlvs, octet, octet)
def test_any_body_is_a_receipt_a_part_or_a_text(
    text: bytes, extra: dict[int, bytes], coding: int, esm_class: int
) -> None:
    short = wire.Short(wire.Address(), wire.Address(), text, coding, esm_class, tlvs=extra)
    with contextlib.suppress(ValueError):
        receipts.read(short)
    part = joining.part_of(short)
    found, _ = alphabets.decode(part.text, coding, s.GSM7)
    found.encode()
    assert "\0" not in found


@QUICK
@given(st.text(st.sampled_from("id:stat err:DELIVRD0 af text\0ÿ"), max_size=80))
def test_any_text_of_a_receipt(text: str) -> None:
    short = wire.Short(wire.Address(), wire.Address(), text.encode("latin-1"), 0, wire.RECEIPT)
    try:
        found = receipts.read(short)
    except ValueError:
        return
    assert found and found.id and found.status
    for form in (s.AUTO, s.SAME, s.HEX_DECIMAL, s.DECIMAL_HEX):
        assert receipts.Ids(form).received(found.id)


@QUICK
@given(texts, ways)
def test_a_text_arrives_as_it_was_written(text: str, way: s.Settings) -> None:
    bodies = outgoing.Writer(way).bodies(Outbound("+41791234510", "+41791112233", text, "r"))
    shorts = [wire.read_short(wire.Pdu(wire.SUBMIT_SM, 0, 1, body)) for body in bodies]
    joiner, found = joining.Joiner(), None
    parts = [joining.part_of(each) for each in shorts]
    for part in parts:
        found = joiner.add(part) if part.place else [part]
    assert found and [part.text for part in found] == [part.text for part in parts]
    default = way.default_alphabet
    read = "".join(
        alphabets.decode(run[1], run[0].coding, default)[0] for run in joining.runs(found) if run
    )
    assert read == text
    for part in parts:  # each part is readable by itself: no letter is cut
        assert alphabets.decode(part.text, part.short.coding, default)[1] == ""
        assert len(part.short.text) <= 160


@QUICK
@given(texts)
def test_as_many_parts_as_the_desk_counts(text: str) -> None:
    bodies = outgoing.Writer(s.Settings("h")).bodies(Outbound("Shop", "+4179", text, "r"))
    assert len(bodies) == max(1, segments.count(text).segments)


def test_parts_are_as_long_as_they_may_be() -> None:
    def sizes(text: str, long: str) -> list[int]:
        writer = outgoing.Writer(s.Settings("h", long_messages=long))
        bodies = writer.bodies(Outbound("+41791234510", "+41791112233", text, "r"))
        shorts = [wire.read_short(wire.Pdu(wire.SUBMIT_SM, 0, 1, body)) for body in bodies]
        return [len(joining.part_of(each).text) for each in shorts]

    assert sizes("a" * 160, s.UDH8) == [160]
    assert sizes("a" * 307, s.UDH8) == [153, 153, 1]
    assert sizes("a" * 305, s.UDH16) == [152, 152, 1]
    assert sizes("a" * 307, s.SAR) == [153, 153, 1]
    assert sizes("a" * 307, s.PAYLOAD) == [307]
    assert sizes("ж" * 70, s.UDH8) == [140]
    assert sizes("ж" * 135, s.UDH8) == [134, 134, 2]
    assert sizes("ж" * 133, s.UDH16) == [132, 132, 2]
    assert sizes("a" * 152 + "€", s.UDH8) == [154]
    assert sizes("a" * 152 + "€" * 5, s.UDH8) == [152, 10]  # no escape without its letter
    assert sizes("ж" * 66 + "😀" * 3, s.UDH8) == [132, 12]  # no half of a pair


def test_too_long_a_text_is_refused() -> None:
    for long, text in ((s.UDH8, "a" * 39_016), (s.PAYLOAD, "ж" * 32_768)):
        with pytest.raises(Rejected):
            outgoing.Writer(s.Settings("h", long_messages=long)).bodies(
                Outbound("1234", "+4179", text, "r")
            )


@pytest.mark.parametrize(
    "value, address",
    [
        ("+41791234510", (1, 1, "41791234510")),
        ("41791234510", (1, 1, "41791234510")),
        ("12345", (3, 0, "12345")),
        ("My Shop", (5, 0, "My Shop")),
    ],
)
def test_ton_and_npi_follow_the_address(value: str, address: tuple[int, int, str]) -> None:
    assert outgoing.address_of(value, None, None) == wire.Address(*address)
    assert outgoing.address_of(value, 6, 9) == wire.Address(6, 9, address[2])


def test_references_join_only_their_own_parts() -> None:
    writer = outgoing.Writer(s.Settings("h"))
    references = set()
    for _ in range(256):
        bodies = writer.bodies(Outbound("1234", "+4179", "a" * 200, "r"))
        heads = [wire.read_short(wire.Pdu(wire.SUBMIT_SM, 0, 1, each)).text for each in bodies]
        places = [place_of(split_header(head)[0]) for head in heads]
        assert [(each.total, each.number) for each in places if each] == [(2, 1), (2, 2)]
        references.add(places[0].reference if places[0] else None)
    assert len(references) == 256


@settings(QUICK, max_examples=60)
@given(shorts.filter(lambda each: len(each.text) < 255 and "\0" not in each.service_type))
def test_smpplib_reads_what_we_write(short: wire.Short) -> None:
    client = SimpleNamespace(next_sequence=lambda: 1)
    known = {wire.SAR_REFERENCE: b"\1\2", wire.MESSAGE_PAYLOAD: b"payload"}
    plain = wire.Short(short.source, short.destination, short.text, short.coding, tlvs=known)
    written = wire.pack(wire.SUBMIT_SM, 5, plain.packed())
    found = smpplib.smpp.parse_pdu(written, client=client, allow_unknown_opt_params=True)
    assert found.command == "submit_sm" and found.sequence == 5
    assert (found.source_addr or b"").decode("latin-1") == plain.source.value
    assert (found.destination_addr or b"").decode("latin-1") == plain.destination.value
    assert (found.short_message or b"") == plain.text
    assert found.message_payload == b"payload" and found.data_coding == plain.coding
