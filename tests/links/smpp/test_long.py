"""Long messages in: any form, any order, acknowledged when stored, with gaps if need be."""

from __future__ import annotations

import asyncio

import pytest

from providers.links.smpp import SmppLink
from providers.links.smpp import pdu as wire
from providers.links.smpp.receiving import GAP
from providers.links.smpp.statuses import OK, TEMPORARY

from .scene import CUSTOMER, OURS, Desk, awaited, held, settings
from .smsc import Smsc, sar, short, udh, until

LONG = "Zażółć gęślą jaźń, 😀 αβγ. " * 20


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
