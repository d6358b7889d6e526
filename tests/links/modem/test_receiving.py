"""Customers' messages come in: none is lost, whatever happens to the modem, the desk or us."""

from __future__ import annotations

import asyncio

import pytest

from providers.base import Inbound

from . import pdus
from .scene import CUSTOMER, OURS, Desk, held, link_to, looped, until
from .simulator import Modem


def parts(text: str, *, size: int = 60, reference: int = 0x4B) -> list[str]:
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    return [
        pdus.deliver(
            CUSTOMER,
            pdus.ucs2(piece, f"050003{reference:02X}{len(pieces):02X}{number:02X}"),
            header=True,
        )
        for number, piece in enumerate(pieces, 1)
    ]


@looped
async def test_a_text_comes_in_and_leaves_the_sim(modem: Modem, desk: Desk) -> None:
    async with held(link_to(modem), desk):
        modem.store(pdus.deliver(CUSTOMER, pdus.gsm("Hallo [Welt] €")))
        await until(lambda: desk.inbound and not modem.stored)
    (found,) = desk.inbound
    assert (found.sender, found.recipient, found.text) == (CUSTOMER, OURS, "Hallo [Welt] €")
    assert found.provider_id and found.sent_at and found.raw == ""
    assert found.sent_at.isoformat() == "2026-11-21T14:04:00+00:00"


@looped
async def test_what_came_while_we_were_away(modem: Modem, desk: Desk) -> None:
    for n in range(5):
        modem.store(pdus.deliver(CUSTOMER, pdus.ucs2(f"Wiadomość {n}")), tell=False)
    async with held(link_to(modem), desk):
        await until(lambda: not modem.stored)
    assert desk.texts == [f"Wiadomość {n}" for n in range(5)]


@looped
async def test_the_sim_keeps_it_until_the_desk_has_it(modem: Modem, desk: Desk) -> None:
    held_then: list[int] = []
    desk.before = lambda: held_then.append(len(modem.stored))
    desk.failures = 2
    async with held(link_to(modem), desk):
        modem.store(pdus.deliver(CUSTOMER, pdus.gsm("patience")))
        await until(lambda: desk.inbound and not modem.stored)
    assert held_then == [1, 1, 1]
    assert desk.texts == ["patience"]


@looped
async def test_a_long_text_in_any_order(modem: Modem, desk: Desk) -> None:
    text = "Zażółć gęślą jaźń 😀 " * 9
    async with held(link_to(modem), desk):
        for each in reversed(parts(text)):
            modem.store(each)
        await until(lambda: desk.inbound and not modem.stored)
    assert desk.texts == [text]


@looped
async def test_parts_wait_on_the_sim_over_a_restart(modem: Modem, desk: Desk) -> None:
    text = "Zażółć gęślą jaźń " * 6
    first, second = parts(text)
    modem.store(first, tell=False)
    async with held(link_to(modem, join=60), desk):
        await until(lambda: modem.commands.count("AT+CMGL=4") > 2)
    assert not desk.inbound and modem.stored == {1: first}
    desk.states.clear()
    async with held(link_to(modem, join=60), desk):
        modem.store(second)
        await until(lambda: desk.inbound and not modem.stored)
    assert desk.texts == [text]


@looped
async def test_a_long_text_that_the_desk_refuses_at_first(modem: Modem, desk: Desk) -> None:
    text = "Zażółć gęślą jaźń " * 6
    desk.failures = 1
    async with held(link_to(modem, join=60), desk):
        for each in parts(text):
            modem.store(each)
        await until(lambda: desk.inbound and not modem.stored)
    assert desk.texts == [text]


@looped
async def test_what_stays_incomplete_is_shown_in_the_end(modem: Modem, desk: Desk) -> None:
    modem.store(parts("a" * 60 + "b" * 60 + "c" * 60)[1], tell=False)
    async with held(link_to(modem), desk):
        await until(lambda: desk.inbound and not modem.stored)
    (found,) = desk.inbound
    assert found.text == " [...] " + "b" * 60 + " [...] "
    assert found.raw


@looped
async def test_a_place_that_cannot_be_emptied_is_no_second_message(
    modem: Modem, desk: Desk
) -> None:
    modem.faults["AT+CMGD"] = "+CMS ERROR: 320"
    async with held(link_to(modem), desk):
        modem.store(pdus.deliver(CUSTOMER, pdus.gsm("once")))
        await until(lambda: desk.inbound)
        looks = modem.commands.count("AT+CMGL=4")
        await until(lambda: modem.commands.count("AT+CMGL=4") > looks + 2)
        modem.faults.clear()
        await until(lambda: not modem.stored)
    assert desk.texts == ["once"]


@looped
async def test_the_same_message_has_the_same_id_after_a_restart(modem: Modem, desk: Desk) -> None:
    modem.faults["AT+CMGD"] = "+CMS ERROR: 320"
    modem.store(pdus.deliver(CUSTOMER, pdus.gsm("again")), tell=False)
    for count in (1, 2):
        desk.states.clear()
        async with held(link_to(modem), desk):
            await until(lambda: len(desk.inbound) == count)  # noqa: B023
    assert len({each.provider_id for each in desk.inbound}) == 1


@looped
async def test_a_full_sim_is_emptied(modem: Modem, desk: Desk) -> None:
    for n in range(modem.size):
        modem.store(pdus.deliver(CUSTOMER, pdus.gsm(f"text {n}")), tell=False)
    async with held(link_to(modem), desk):
        assert desk.details["Stored"] == "20 of 20 places"
        await until(lambda: not modem.stored)
        await until(lambda: desk.details["Stored"] == "0 of 20 places")
    assert len(desk.texts) == modem.size


@looped
async def test_an_indication_that_was_lost_is_made_up_for(modem: Modem, desk: Desk) -> None:
    async with held(link_to(modem), desk):
        modem.store(pdus.deliver(CUSTOMER, pdus.gsm("unheard")), tell=False)
        await until(lambda: desk.inbound)


@looped
async def test_messages_handed_over_at_once_are_acknowledged_once_stored(
    modem: Modem, desk: Desk
) -> None:
    desk.before = lambda: acknowledged.append(modem.acknowledged)
    acknowledged: list[int] = []
    async with held(link_to(modem, indications="2,2,0,1,0"), desk):
        modem.say("+CMT: ,27", pdus.deliver(CUSTOMER, pdus.gsm("pushed")))
        await until(lambda: modem.acknowledged == 1)
    assert desk.texts == ["pushed"] and acknowledged == [0]
    assert "AT+CSMS=1" in modem.commands


@looped
async def test_a_push_in_the_middle_of_an_answer(modem: Modem, desk: Desk) -> None:
    modem.chatter = ("+CMT: ,27", pdus.deliver(CUSTOMER, pdus.gsm("amid")), "RING")
    async with held(link_to(modem, indications="2,2,0,1,0"), desk):
        await until(lambda: len(desk.inbound) > 3)
    assert set(desk.texts) == {"amid"}
    assert desk.details["Operator"] == "Example Mobile"


@pytest.mark.parametrize(
    "sender, shown", [("Migros", "Migros"), ("+41791112233", "+41791112233"), ("911", "911")]
)
@looped
async def test_senders_of_all_kinds(modem: Modem, desk: Desk, sender: str, shown: str) -> None:
    who = pdus.name(sender) if sender == "Migros" else sender
    async with held(link_to(modem), desk):
        modem.store(pdus.deliver(who, pdus.gsm("Hi")))
        await until(lambda: desk.inbound)
    assert desk.inbound[0].sender == shown


@looped
async def test_garbage_is_kept_for_the_administrator_and_leaves_the_sim(
    modem: Modem, desk: Desk
) -> None:
    modem.store("0791DEAD", tell=False)
    async with held(link_to(modem), desk):
        await until(lambda: desk.inbound and not modem.stored)
    (found,) = desk.inbound
    assert isinstance(found, Inbound) and found.text == "" and "0791DEAD" in found.raw


@looped
async def test_our_own_messages_on_the_sim_are_left_alone(modem: Modem, desk: Desk) -> None:
    modem.stored[3] = "0011000B916407281553F80000A90AE8329BFD4697D9EC37"
    async with held(link_to(modem), desk):
        modem.store(pdus.deliver(CUSTOMER, pdus.gsm("Hi")))
        await until(lambda: desk.inbound and len(modem.stored) == 1)
        await asyncio.sleep(0.4)
    assert list(modem.stored) == [3] and len(desk.inbound) == 1


@looped
async def test_a_modem_that_stores_elsewhere_is_followed(modem: Modem, desk: Desk) -> None:
    async with held(link_to(modem), desk):
        modem.say('+CMTI: "ME",1')
        await until(lambda: 'AT+CPMS="ME","ME","ME"' in modem.commands)
