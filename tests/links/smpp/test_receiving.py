"""What the SMSC brings: stored, then acknowledged; long messages, receipts, and nonsense."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from providers.base import DELIVERED, FAILED, SENT
from providers.links.smpp import SmppLink, connection, dialling, joining, receipts, receiving
from providers.links.smpp import pdu as wire
from providers.links.smpp import settings as s
from providers.links.smpp.receiving import GAP, NO_TEXT
from providers.links.smpp.statuses import OK, PERMANENT, TEMPORARY

from .scene import CUSTOMER, OURS, Desk, awaited, held, message, settings
from .smsc import Smsc, receipt, short, until

LONG = "Zażółć gęślą jaźń, 😀 αβγ. " * 20


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "QUICK", (0.02, 0.05, 0.1))
    monkeypatch.setattr(connection, "UNBIND_SECONDS", 0.2)


def udh(text: str, reference: int = 7, size: int = 134, *, wide: bool = False) -> list[wire.Short]:
    """A text as the parts that a phone sends; cut anywhere, even within a letter."""
    whole = text.encode("utf-16-be")
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    head = struct.pack(">BBBH", 6, 8, 4, reference) if wide else bytes((5, 0, 3, reference))
    return [
        short(head + bytes((len(pieces), n)) + piece, coding=8, esm_class=wire.UDHI)
        for n, piece in enumerate(pieces, 1)
    ]


def sar(text: str) -> list[wire.Short]:
    whole = text.encode("utf-16-be")
    pieces = [whole[at : at + 120] for at in range(0, len(whole), 120)]
    total = bytes((len(pieces),))
    return [
        short(
            piece,
            coding=8,
            tlvs={
                wire.SAR_REFERENCE: b"\x01\x02",
                wire.SAR_TOTAL: total,
                wire.SAR_NUMBER: bytes((n,)),
            },
        )
        for n, piece in enumerate(pieces, 1)
    ]


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


@pytest.mark.parametrize("kind", ["udh", "wide", "sar", "payload", "data_sm"])
@awaited
async def test_a_long_unicode_text_comes_in_any_form(kind: str) -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        if kind == "payload":
            whole = {wire.MESSAGE_PAYLOAD: LONG.encode("utf-16-be")}
            assert await bound.deliver(short(b"", coding=8, tlvs=whole)) == OK
        elif kind == "data_sm":
            whole = {wire.MESSAGE_PAYLOAD: LONG.encode("utf-16-be")}
            body = b"\0\x01\x01" + CUSTOMER[1:].encode() + b"\0\x01\x01" + OURS[1:].encode() + b"\0"
            body += bytes((0, 0, 8)) + wire.pack_tlvs(whole)
            assert (await bound.ask(wire.DATA_SM, body)).status == OK
        else:
            parts = sar(LONG) if kind == "sar" else udh(LONG, wide=kind == "wide", size=133)
            parts = [parts[-1], *parts[:-1]]
            work = [asyncio.create_task(bound.deliver(part)) for part in parts[:-1]]
            await asyncio.sleep(0.1)
            assert not any(each.done() for each in work)  # the SMSC keeps what is not stored
            assert await bound.deliver(parts[-1]) == OK
            assert set(await asyncio.gather(*work)) == {OK}
        assert [each.text for each in desk.inbound] == [LONG]


@awaited
async def test_an_smsc_that_waits_for_each_answer_is_not_kept_waiting() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            bound = await smsc.until_bound()
            link._receiver._hold = 0.1
            for reference in (1, 2):
                for part in udh(LONG, reference):
                    assert await bound.deliver(part) == OK
            assert [each.text for each in desk.inbound] == [LONG, LONG]
            assert link._receiver._hold == 0


@awaited
async def test_a_part_that_never_comes_is_shown_as_missing() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            bound = await smsc.until_bound()
            receiver = link._receiver
            receiver._hold, receiver._joiner._assembly.patience = 0.0, 0.4
            parts = udh("a" * 67 + "b" * 67 + "c" * 67)
            for part in (parts[0], parts[2]):
                assert await bound.deliver(part) == OK
            await until(lambda: desk.inbound, 8)
            assert desk.inbound[0].text == "a" * 67 + GAP + "c" * 67


@awaited
async def test_at_the_end_no_acknowledged_part_is_lost() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            bound = await smsc.until_bound()
            first, second, _ = udh("a" * 67 + "b" * 67 + "c" * 67, 1)
            link._receiver._hold = 0.0
            assert await bound.deliver(first) == OK
            link._receiver._hold = 60.0
            link._receiver._let_go.clear()
            kept = asyncio.create_task(bound.deliver(second))
            other = asyncio.create_task(bound.deliver(udh("x" * 80, 2)[0]))
            await asyncio.sleep(0.1)
        # Of the other one the SMSC has every part still.
        assert [each.text for each in desk.inbound] == ["a" * 67 + "b" * 67 + GAP]
        for each in (kept, other):
            each.cancel()


@awaited
async def test_parts_brought_again_after_a_loss_make_one_message() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        parts = udh(LONG)
        lost = [asyncio.create_task(bound.deliver(part)) for part in parts[:2]]
        await asyncio.sleep(0.1)
        bound.drop()
        await asyncio.gather(*lost, return_exceptions=True)
        await until(lambda: len(smsc.connections) == 2 and smsc.bound())
        again = smsc.bound()[-1]
        assert set(await asyncio.gather(*map(again.deliver, parts))) == {OK}
        assert await again.deliver(parts[-1]) == OK  # our answer to it had been lost
        await asyncio.sleep(0.05)
        assert [each.text for each in desk.inbound] == [LONG]


@awaited
async def test_a_long_message_that_cannot_be_stored_is_brought_again() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            bound = await smsc.until_bound()
            parts = udh("a" * 67 + "b" * 67 + "c" * 67)
            link._receiver._hold = 0.0
            assert await bound.deliver(parts[0]) == OK  # so this one is with us alone
            link._receiver._hold = 60.0
            desk.failures = 1
            statuses = await asyncio.gather(*map(bound.deliver, parts[1:]))
            assert statuses == [TEMPORARY, TEMPORARY]
            assert await asyncio.gather(*map(bound.deliver, parts[1:])) == [OK, OK]
            assert [each.text for each in desk.inbound] == ["a" * 67 + "b" * 67 + "c" * 67]


# receipts


@pytest.mark.parametrize(
    "text, status, reason",
    [
        ("id:{id} sub:001 dlvrd:001 submit date:2603141200 done date:2603141201 stat:DELIVRD "
         "err:000 text:Hello", DELIVERED, ""),
        ("id:{id} sub:001 dlvrd:001 submit date:260314120011 done date:260314120112 stat:DELIVRD "
         "err:0 Text:stat:UNDELIV id:9", DELIVERED, ""),
        ("id:{id} sub:001 dlvrd:000 submit date:2603141200 done date:2603141201 stat:UNDELIV "
         "err:01B text:", FAILED, "SMPP: the message could not be delivered (UNDELIV, error 01B)."),
        ("stat:EXPIRED id:{id}", FAILED, "SMPP: the time for delivery ran out (EXPIRED)."),
        ("id: {id} stat: REJECTD err: 3F", FAILED,
         "SMPP: the network refused the message (REJECTD, error 3F)."),
        ("ID:{id} STAT:deleted", FAILED, "SMPP: the operator deleted the message (DELETED)."),
        ("id:{id} stat:FAILED err:", FAILED, "SMPP: the message was not delivered (FAILED)."),
        ("id:{id} stat:SKIPPED", FAILED, "SMPP: the operator skipped the message (SKIPPED)."),
        ("id:{id} stat:ENROUTE", SENT, ""),
        ("id:{id} stat:ACCEPTD", SENT, ""),
        ("id:{id} stat:BUFFRED", SENT, ""),
        ("id:{id} stat:UNKNOWN", SENT, ""),
        ("id:{id} stat:DELIVERED err:000", DELIVERED, ""),
        ("id:{id} stat:UNDELIVERABLE", FAILED,
         "SMPP: the message could not be delivered (UNDELIV)."),
        ("id:{id} sub:001 stat:DELIVRD text:\xff\xfe\x00\x80\x1b", DELIVERED, ""),
    ],
)  # fmt: skip
@awaited
async def test_receipts_in_all_shapes(text: str, status: str, reason: str) -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            given = await link.send(message())
            written = text.format(id=given).encode("latin-1")
            flagged = short(written, esm_class=wire.RECEIPT)
            assert await smsc.bound()[0].deliver(flagged) == OK
            (report,) = desk.reports
            assert (report.provider_id, report.status, report.reason) == (given, status, reason)


@pytest.mark.parametrize("state", range(1, 9))
@awaited
async def test_receipts_by_parameters_alone(state: int) -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        tlvs = {
            wire.RECEIPTED_ID: b"00ABC\0",
            wire.MESSAGE_STATE: bytes((state,)),
            wire.NETWORK_ERROR: b"\x03\x00\x22",
        }
        assert await bound.deliver(short(b"", tlvs=tlvs)) == OK
        (report,) = desk.reports
        assert report.provider_id == "abc"
        wanted = {2: DELIVERED, **dict.fromkeys((3, 4, 5, 8), FAILED)}.get(state, SENT)
        assert report.status == wanted
        assert ("error 34" in report.reason) == (wanted == FAILED)


@awaited
async def test_a_receipt_that_says_nothing_is_acknowledged_and_kept_in_the_log() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        for text in (b"stat:DELIVRD", b"id:1 stat:WHAT", b"\xff\x00\x80", b""):
            assert await bound.deliver(short(text, esm_class=wire.RECEIPT)) == OK
        assert not desk.events
        assert sum("left aside" in said for _, said in desk.lines) == 4


@awaited
async def test_a_customer_cannot_write_a_receipt() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        forged = receipt("id1")
        await bound.deliver(short(forged.text))
        assert not desk.reports and desk.inbound[0].text.startswith("id:id1")


@pytest.mark.parametrize(
    "form, answer, told",
    [
        (s.AUTO, "0001F4A", "8010"),
        (s.AUTO, "8010", "1F4A"),
        (s.AUTO, "8010", "0000001f4a"),
        (s.AUTO, "00aB-77", "aB-77"),
        (s.HEX_DECIMAL, "10", "16"),
        (s.DECIMAL_HEX, "16", "10"),
        (s.SAME, "16", "16"),
    ],
)
@awaited
async def test_ids_in_receipts_are_written_as_the_operator_likes(
    form: str, answer: str, told: str
) -> None:
    desk = Desk()
    async with Smsc(on_submit=lambda submitted: (OK, answer)) as smsc:
        link = SmppLink(settings(smsc.port, receipt_ids=form))
        async with held(link, desk):
            await until(lambda: desk.up)
            given = await link.send(message())
            await smsc.bound()[0].deliver(receipt(told))
            assert desk.reports[0].provider_id == given


@awaited
async def test_the_form_of_ids_once_learnt_holds_for_messages_not_remembered() -> None:
    desk = Desk()
    ids = iter(["1F4A", "1F4B"])
    async with Smsc(on_submit=lambda submitted: (OK, next(ids))) as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            await link.send(message())
            await smsc.bound()[0].deliver(receipt("8010"))
            await smsc.bound()[0].deliver(receipt("255"))  # of a message before the start
            assert [each.provider_id for each in desk.reports] == ["1f4a", "ff"]


@awaited
async def test_a_receipt_may_come_before_the_answer() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        kept = []
        smsc.on_submit = lambda submitted: kept.append(submitted)
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            sending = asyncio.create_task(link.send(message()))
            await until(lambda: kept)
            told = asyncio.create_task(smsc.bound()[0].deliver(receipt("8010")))
            await asyncio.sleep(0.1)
            kept[0].by.reply(wire.Pdu(wire.SUBMIT_SM, 0, kept[0].sequence), OK, b"1F4A\0")
            assert await sending == "1f4a"
            assert await told == OK
            assert desk.reports[0].provider_id == "1f4a"


@awaited
async def test_a_receipt_for_each_part() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            ids = await link.send(message(LONG))
            assert isinstance(ids, list) and len(ids) == len(smsc.submitted) > 5
            assert all(each.short.registered == 1 for each in smsc.submitted)
            for each in ids:
                await smsc.bound()[0].deliver(receipt(each))
            assert [each.provider_id for each in desk.reports] == ids


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


def test_a_broken_header_is_taken_for_text() -> None:
    for text in (b"\x05\x00\x03", b"\xff", b"", b"\x05\x00\x03\x01\x02\x03hello"):
        part = joining.part_of(short(text, esm_class=wire.UDHI))
        assert part.place is None
        assert part.text in (text, b"hello")
