"""Delivery receipts: in all shapes, with ids in all forms, early, and forged."""

from __future__ import annotations

import asyncio

import pytest

from providers.base import DELIVERED, FAILED, SENT
from providers.links.smpp import SmppLink
from providers.links.smpp import pdu as wire
from providers.links.smpp import settings as s
from providers.links.smpp.statuses import OK

from .scene import Desk, awaited, held, message, settings
from .smsc import Smsc, receipt, short, until

LONG = "Zażółć gęślą jaźń, 😀 αβγ. " * 20


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
