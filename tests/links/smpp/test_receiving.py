"""What the SMSC brings: stored, then acknowledged; long messages, receipts, and nonsense."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from providers.links.smpp import SmppLink, joining, receipts, receiving
from providers.links.smpp import pdu as wire
from providers.links.smpp import settings as s
from providers.links.smpp.receiving import NO_TEXT
from providers.links.smpp.statuses import OK, PERMANENT, TEMPORARY

from .scene import CUSTOMER, OURS, Desk, awaited, held, settings
from .smsc import Smsc, short, until

LONG = "Zażółć gęślą jaźń, 😀 αβγ. " * 20


@awaited
async def test_a_text_is_stored_and_then_acknowledged() -> None:
    desk = Desk()
    desk.seconds = 0.2
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        answer = asyncio.create_task(bound.deliver(short("Grüezi @".encode("latin-1"), coding=3)))
        await asyncio.sleep(0.1)
        assert not answer.done() and not desk.events
        assert await answer == OK
        (found,) = desk.inbound
        assert (found.sender, found.recipient, found.text) == (CUSTOMER, OURS, "Grüezi @")


@awaited
async def test_what_cannot_be_stored_is_to_be_brought_again() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        desk.failures = 1
        assert await bound.deliver(short(b"once")) == TEMPORARY
        assert await bound.deliver(short(b"once")) == OK
        assert [each.text for each in desk.inbound] == ["once"]
        desk.failures = 3  # of the batch, then of two of the three in it
        work = [bound.deliver(short(text)) for text in (b"a", b"b", b"c")]
        assert sorted(await asyncio.gather(*work)) == [OK, TEMPORARY, TEMPORARY]
        assert len(desk.inbound) == 2


@awaited
async def test_an_equal_text_is_a_new_message_unless_it_may_be_a_repetition() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        for _ in range(3):
            await bound.deliver(short(b"ok"))
        ids = [each.provider_id for each in desk.inbound]
        assert ids[0] == "" and ids[1] and ids[2] and ids[1] != ids[2]
        bound.drop()  # perhaps before it saw our answer
        await until(lambda: len(smsc.connections) == 2 and smsc.bound())
        await smsc.bound()[-1].deliver(short(b"ok"))
        assert desk.inbound[-1].provider_id == ""


# nonsense


@awaited
async def test_what_cannot_be_read_is_refused_for_good_and_the_session_stands() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        whole = short(b"Hello").packed()
        for end in range(len(whole)):
            assert (await bound.ask(wire.DELIVER_SM, whole[:end])).status == PERMANENT
        assert (await bound.ask(wire.DELIVER_SM, whole + b"\x04\x24\x00")).status == OK
        assert [each.text for each in desk.inbound] == ["Hello"]
        assert any("cannot be read" in said for _, said in desk.lines)


@pytest.mark.parametrize(
    "coding, written, text, raw",
    [
        (0, b"\x80\x81", "\x80\x81", "8081"),
        (4, b"\x01\x02", NO_TEXT, "0102"),
        (8, b"\x00A\x00", "A�", "004100"),
        (8, b"\xd8\x3d\xde\x00", "😀", ""),
        (0x18, "ж".encode("utf-16-be"), "ж", ""),
        (0xF0, b"\x00", "@", ""),
        (1, b"A", "A", ""),
        (6, b"\xb6", "Ж", ""),
    ],
)
@awaited
async def test_alphabets(coding: int, written: bytes, text: str, raw: str) -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        assert await bound.deliver(short(written, coding=coding)) == OK
        assert (desk.inbound[0].text, desk.inbound[0].raw) == (text, raw)


@awaited
async def test_too_much_at_once_is_brought_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MOST_WAITING", 10)
    desk = Desk()
    desk.seconds = 0.1
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        work = [bound.deliver(short(b"%d" % n)) for n in range(50)]
        statuses = await asyncio.gather(*work)
        assert len(desk.inbound) == statuses.count(OK) < 50
        assert statuses.count(TEMPORARY) == 50 - statuses.count(OK)


@awaited
async def test_a_mistake_of_ours_ends_the_session_instead_of_answering_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def stumble(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(receiving.Receiver, "_read", stumble)
    async with Smsc() as smsc:
        holding = asyncio.create_task(SmppLink(settings(smsc.port)).run(Desk()))
        bound = await smsc.until_bound()
        with pytest.raises(ConnectionError):
            await bound.deliver(short())
        with pytest.raises(ExceptionGroup):
            await holding


class Ear:
    """A connection that only takes notes of what is answered."""

    def __init__(self) -> None:
        self.answers: list[int] = []

    def answer(self, pdu: wire.Pdu, status: int) -> None:
        self.answers.append(status)


@settings_of_hypothesis(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=200),
            st.builds(
                lambda text, coding, kind: short(text, coding=coding, esm_class=kind).packed(),
                st.binary(max_size=200),
                st.integers(0, 255),
                st.sampled_from([0, wire.UDHI, wire.RECEIPT, wire.UDHI | wire.RECEIPT]),
            ),
        ),
        max_size=8,
    )
)
def test_whatever_comes_is_answered(bodies: list[bytes]) -> None:
    async def play() -> None:
        desk, ear = Desk(), Ear()
        receiver = receiving.Receiver(desk, receipts.Ids(s.AUTO), s.GSM7, lambda: False)
        receiver._early_waits, receiver._hold = 0, 0.0
        running = asyncio.create_task(receiver.run())
        for n, body in enumerate(bodies, 1):
            receiver.take(ear, wire.Pdu(wire.DELIVER_SM, 0, n, body))
        await until(lambda: len(ear.answers) == len(bodies), 5)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(play())


@pytest.mark.parametrize(
    "ton, value, country, number",
    [
        (1, "41791112233", "", "+41791112233"),
        (0, "41791112233", "41", "+41791112233"),
        (0, "0041791112233", "41", "+41791112233"),
        (1, "+41791112233", "", "+41791112233"),
        (2, "0791112233", "41", "+41791112233"),
        (2, "791112233", "41", "+41791112233"),
        (0, "0791112233", "41", "+41791112233"),
        (0, "0791112233", "", "0791112233"),
        (3, "72727", "41", "72727"),
        (0, "72727", "", "72727"),
        (5, "My Bank", "41", "My Bank"),
    ],
)
@awaited
async def test_numbers_become_international(
    ton: int, value: str, country: str, number: str
) -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port, country_code=country)), desk):
        bound = await smsc.until_bound()
        text = wire.Short(wire.Address(ton, 1, value), wire.Address(1, 1, "41791234510"))
        assert await bound.deliver(text) == OK
        assert desk.inbound[0].sender == number


def test_a_broken_header_is_taken_for_text() -> None:
    for text in (b"\x05\x00\x03", b"\xff", b"", b"\x05\x00\x03\x01\x02\x03hello"):
        part = joining.part_of(short(text, esm_class=wire.UDHI))
        assert part.place is None
        assert part.text in (text, b"hello")
