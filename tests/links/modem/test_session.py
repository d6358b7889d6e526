"""The modem itself: PIN, SIM, network, cable, silence; all of it shows at the channel."""

from __future__ import annotations

import asyncio

import pytest

from providers.errors import BadCredentials, Unavailable
from providers.links.modem import at, session

from .scene import Desk, held, link_to, looped, message, until
from .simulator import Modem


@looped
async def test_what_is_shown_beside_the_channel(modem: Modem, desk: Desk) -> None:
    async with held(link_to(modem), desk):
        assert desk.details == {
            "SIM": "ready",
            "Modem": "SIM-1000",
            "Signal": "strong, -73 dBm (20 of 31)",
            "Operator": "Example Mobile",
            "Network": "home network",
            "Stored": "0 of 20 places",
        }
        modem.signal, modem.registration = 99, 5
        await until(lambda: desk.details["Network"] == "roaming")
        assert desk.details["Signal"] == "unknown"


@looped
async def test_the_pin_is_entered(modem: Modem, desk: Desk) -> None:
    modem.sim = "SIM PIN"
    async with held(link_to(modem, pin="1234"), desk):
        assert desk.up
    assert modem.commands.count('AT+CPIN="1234"') == 1


@looped
async def test_a_wrong_pin_is_tried_once_and_never_again(modem: Modem, desk: Desk) -> None:
    modem.sim = "SIM PIN"
    for said in ("The PIN is wrong.", "not tried again"):
        async with held(link_to(modem, pin="9999"), desk, up=False) as running:
            with pytest.raises(BadCredentials, match=said):
                await running
    assert [each for each in modem.commands if "9999" in each] == ['AT+CPIN="9999"']


@pytest.mark.parametrize(
    "sim, pin, tries, words",
    [
        ("SIM PIN", "", None, "wants its PIN"),
        ("SIM PIN", "12a4", None, "4 to 8 digits"),
        ("SIM PIN", "1234", 1, "One more wrong PIN blocks the SIM"),
        ("SIM PUK", "1234", None, "wants SIM PUK"),
    ],
)
@looped
async def test_what_only_people_can_mend(
    modem: Modem, desk: Desk, sim: str, pin: str, tries: int | None, words: str
) -> None:
    modem.sim, modem.tries = sim, tries
    async with held(link_to(modem, pin=pin), desk, up=False) as running:
        with pytest.raises(BadCredentials, match=words):
            await running
    assert not any(each.startswith("AT+CPIN=") for each in modem.commands)


@looped
async def test_the_pin_is_entered_while_tries_are_left(modem: Modem, desk: Desk) -> None:
    modem.sim, modem.tries = "SIM PIN", 2
    async with held(link_to(modem, pin="1234"), desk):
        assert desk.up


@looped
async def test_no_secret_is_logged(
    modem: Modem, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PIN_SECONDS", 0.5)
    modem.sim = "SIM PIN"
    modem.faults["AT+CPIN="] = None  # no answer to the PIN
    link = link_to(modem, pin="1234")
    async with held(link, desk, up=False):
        await until(lambda: "does not answer AT+CPIN." in desk.reason)
    assert "1234" not in repr((desk.states, desk.lines))


@looped
async def test_a_sim_that_is_taken_out_and_put_back(modem: Modem, desk: Desk) -> None:
    link = link_to(modem)
    async with held(link, desk):
        modem.sim = ""
        await until(lambda: "there is no SIM" in desk.reason)
        with pytest.raises(Unavailable):
            await link.send(message())
        modem.sim = "READY"
        await until(lambda: desk.up)
        assert await link.send(message())


@pytest.mark.parametrize(
    "state, words", [(0, "not searching"), (2, "searching"), (3, "refuses this SIM")]
)
@looped
async def test_no_network_is_said(modem: Modem, desk: Desk, state: int, words: str) -> None:
    modem.registration = state
    link = link_to(modem)
    async with held(link, desk, up=False):
        await until(lambda: words in desk.reason)
        with pytest.raises(Unavailable, match="No network"):
            await link.send(message())
        modem.registration = 1
        await until(lambda: desk.up)


@looped
async def test_a_modem_on_lte_alone(modem: Modem, desk: Desk) -> None:
    modem.faults["AT+CREG?"] = "+CREG: 0,0\nOK"
    modem.faults["AT+CEREG?"] = "+CEREG: 0,1\nOK"
    async with held(link_to(modem), desk):
        assert desk.details["Network"] == "home network"


@looped
async def test_unplugged_and_plugged_in_again(modem: Modem, desk: Desk) -> None:
    link = link_to(modem)
    async with held(link, desk):
        await asyncio.to_thread(modem.unplug)
        await until(lambda: "Was the modem unplugged?" in repr(desk.states))
        await until(lambda: "no such device" in desk.reason)
        modem.plug()
        await until(lambda: desk.up)
        assert await link.send(message())


@looped
async def test_a_stuck_modem_is_noticed_and_opened_again(
    modem: Modem, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at, "ANSWER_SECONDS", 0.5)
    async with held(link_to(modem), desk):
        modem.silent = True
        await until(lambda: "does not answer" in desk.reason, 30)
        modem.silent = False
        await until(lambda: desk.up)


@looped
async def test_a_modem_left_in_the_middle_of_a_text(modem: Modem, desk: Desk) -> None:
    """Its last user went away after the prompt: our first bytes must not become a text."""
    modem._command("AT+CMGS=20")
    async with held(link_to(modem), desk):
        assert desk.up
    assert not modem.sent


@looped
async def test_another_program_uses_it(modem: Modem, desk: Desk) -> None:
    async with held(link_to(modem), desk):
        second = Desk()
        async with held(link_to(modem), second, up=False):
            await until(lambda: "another program uses it" in second.reason)


@looped
async def test_a_device_that_is_none(modem: Modem, desk: Desk) -> None:
    async with held(link_to(modem, device="/dev/null"), desk, up=False):
        await until(lambda: "/dev/null cannot be opened" in desk.reason)


@looped
async def test_a_modem_that_knows_little(modem: Modem, desk: Desk) -> None:
    for command in ("ATE0", "AT+CMEE", "AT+CGM", "AT+CNMI", "AT+CSQ", "AT+COPS", "AT+CPMS?"):
        modem.faults[command] = "ERROR"
    modem.faults['AT+CPMS="SM","SM","SM"'] = "+CMS ERROR: 302"
    link = link_to(modem)
    async with held(link, desk):
        assert desk.details == {"SIM": "ready", "Signal": "unknown", "Network": "home network"}
        assert await link.send(message())
