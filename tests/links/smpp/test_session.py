"""The session: binds, window, time-outs, losses. What has no answer is unknown, nothing else."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from providers import errors, registry
from providers.links.smpp import SmppLink, connection, dialling, session
from providers.links.smpp import pdu as wire
from providers.links.smpp import settings as s
from providers.links.smpp.statuses import ALREADY_BOUND, MEANINGS, OK

from .scene import CUSTOMER, Desk, awaited, held, message, settings
from .smsc import Bound, Smsc, receipt, short, until


@awaited
async def test_a_transceiver_binds_sends_and_says_where_it_is() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port, system_type="CP"))
        with pytest.raises(errors.Unavailable, match="not up yet"):
            await link.send(message())
        async with held(link, desk):
            bound = await smsc.until_bound()
            await until(lambda: desk.up)
            assert (bound.command, bound.system_id) == (wire.BIND_TRANSCEIVER, "parley")
            assert desk.details["SMSC"] == f"TESTSMSC (127.0.0.1:{smsc.port})"
            assert await link.send(message("Grüezi {€}")) == "id1"
            (submitted,) = smsc.submitted
            assert submitted.short.source == wire.Address(1, 1, "41791234510")
            assert submitted.short.destination == wire.Address(1, 1, CUSTOMER[1:])
            assert submitted.short.text == b"Gr\x7eezi \x1b\x28\x1be\x1b\x29"
            assert (submitted.short.coding, submitted.short.registered) == (0, 1)
        assert bound.unbinds == 1


@awaited
async def test_the_password_is_in_no_log() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        await until(lambda: desk.up)
    assert not any("pa55word" in said for _, said in desk.lines)


@awaited
async def test_two_binds_one_sends_and_the_other_receives() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port, mode=s.BOTH))
        async with held(link, desk):
            await until(lambda: desk.up)
            (transmitter,) = smsc.bound(wire.BIND_TRANSMITTER)
            (receiver,) = smsc.bound(wire.BIND_RECEIVER)
            given = await link.send(message())
            assert smsc.submitted[0].by is transmitter
            assert await receiver.deliver(receipt(str(given))) == OK
            assert desk.reports[0].provider_id == given
            receiver.drop()
            await until(lambda: not desk.up)
            await until(lambda: desk.up and len(smsc.bound()) == 2)
            assert transmitter.command  # the other one was left in peace


@awaited
async def test_a_receiver_does_not_send() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port, mode=s.RECEIVER))
        async with held(link, desk):
            bound = await smsc.until_bound()
            assert bound.command == wire.BIND_RECEIVER
            with pytest.raises(errors.Rejected, match="receiver"):
                await link.send(message())
            assert await bound.deliver(short()) == OK


@pytest.mark.parametrize("status", [0x0E, 0x0F, 0x0D, 0x53])
@awaited
async def test_a_refused_account_is_the_channels_reason_and_tried_again_slowly(status: int) -> None:
    desk = Desk()
    async with Smsc(on_bind=lambda bound: status) as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.states)
            await asyncio.sleep(0.3)
            assert len(smsc.connections) == 1
            (state,) = desk.states
            assert state[0] == "disconnected" and state[2]
            assert MEANINGS[status][1] in state[1]
            with pytest.raises(errors.Unavailable, match=MEANINGS[status][0]):
                await link.send(message())  # it waits until the password is mended
    assert dialling.pause(errors.BadCredentials(""), 0) > 60


def test_pauses_begin_quick_and_grow_and_are_never_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    away = errors.Unavailable("away")
    assert dialling.pause(away, 0) < 0.3
    assert all(40 < dialling.pause(away, n) < 80 for n in range(6, 30))
    assert len({dialling.pause(away, 9) for _ in range(20)}) > 10
    assert 20 < dialling.pause(dialling.Refused(ALREADY_BOUND), 0) < 40


@awaited
async def test_nobody_listens_then_somebody_does() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    desk = Desk()
    async with held(SmppLink(settings(port)), desk):
        await until(lambda: len(desk.states) > 2)
        assert "cannot be reached" in desk.states[-1][1]
        assert [fault for _, _, fault in desk.states[:3]] == [False, True, True]
        async with Smsc(port=port):
            await until(lambda: desk.up)


@awaited
async def test_a_private_address_is_refused_unless_allowed() -> None:
    desk = Desk(allow_private=False)
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        await until(lambda: desk.states)
        assert "private address" in desk.states[0][1]
        assert not smsc.connections


@awaited
async def test_a_silent_or_babbling_peer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "BINDS", {s.TRANSCEIVER: wire.BIND_TRANSCEIVER})
    original = connection.Connection.ask

    async def impatient(self, command, body=b"", seconds=30.0):  # type: ignore[no-untyped-def]
        return await original(self, command, body, 0.1)

    monkeypatch.setattr(connection.Connection, "ask", impatient)
    desk = Desk()
    async with Smsc(on_bind=lambda bound: None) as smsc, held(SmppLink(settings(smsc.port)), desk):
        await until(lambda: len(smsc.connections) >= 2)
        assert "did not answer in time" in desk.states[0][1]
        smsc.on_bind = smsc.check_password
        await until(lambda: desk.up)
        smsc.bound()[-1].write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await until(lambda: not desk.up)
        assert "not SMPP" in desk.states[-1][1]
        await until(lambda: desk.up)


# who lives


@awaited
async def test_enquire_link_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port, enquire_link=0.1)), desk):
        bound = await smsc.until_bound()
        await until(lambda: bound.enquiries >= 3)
        assert (await bound.ask(wire.ENQUIRE_LINK)).status == OK
        smsc.lively = False
        await until(lambda: len(smsc.connections) == 2)
        assert "enquire_link" in next(said for word, said, _ in desk.states if said)


@awaited
async def test_a_peer_that_asks_and_never_reads_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_UNREAD", 100_000)
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        bound.transport.pause_reading()
        for _ in range(120):  # until the kernel's buffers are full as well
            bound.write(wire.pack(wire.ENQUIRE_LINK, 1) * 5_000)
            await asyncio.sleep(0.01)
            if not bound.command:
                break
        await until(lambda: len(smsc.connections) == 2)
        assert any("does not read" in said for _, said, _ in desk.states)


@awaited
async def test_the_peer_may_unbind() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        assert (await bound.ask(wire.UNBIND)).status == OK
        await until(lambda: len(smsc.connections) == 2 and desk.up)
        assert any("unbind" in said for _, said, _ in desk.states)


@awaited
async def test_an_unknown_command_is_refused_and_the_session_stands() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        bound.write(wire.pack(wire.ALERT, 7))  # wants no answer
        assert (await bound.ask(0x7777)).status == 0x3
        assert not bound.nacks[1:]
        bound.write(wire.pack(wire.GENERIC_NACK, 0, status=3) + wire.pack(0x80000004, 999))
        assert await bound.deliver(short()) == OK


@pytest.mark.parametrize("length", [0, 15, 70_001, 0x7FFFFFFF, 0xFFFFFFFF])
@awaited
async def test_an_impossible_length_ends_the_connection(length: int) -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port)), desk):
        bound = await smsc.until_bound()
        bound.write(length.to_bytes(4, "big") + b"\0" * 12)
        await until(lambda: not bound.command)
        assert bound.nacks[0].status == 0x2
        await until(lambda: len(smsc.bound()) == 1)


@awaited
async def test_the_session_is_closed_in_good_order() -> None:
    desk = Desk()
    async with Smsc(delay=0.1) as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            bound = await smsc.until_bound()
            await until(lambda: desk.up)
            sending = asyncio.create_task(link.send(message()))
            await until(lambda: smsc.submitted)
        assert await sending == "id1"  # what was in flight could land
        assert bound.unbinds == 1
        with pytest.raises(errors.Unavailable):
            await link.send(message())


@awaited
async def test_a_peer_that_ignores_unbind_is_left_all_the_same() -> None:
    desk = Desk()
    async with Smsc(on_submit=lambda submitted: None) as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            bound: Bound = await smsc.until_bound()
            await until(lambda: desk.up)
            bound.read = lambda found: None  # type: ignore[method-assign]
            sending = asyncio.create_task(link.send(message()))
            await asyncio.sleep(0.05)
            began = time.monotonic()
        assert time.monotonic() - began < 2
        with pytest.raises(errors.Uncertain):
            await sending


def test_the_settings_have_their_defaults_and_take_the_forms_words() -> None:
    found = s.Settings.of({"host": "smsc.example", "source_ton": "5", "port": None, "mode": ""})
    assert (found.source_ton, found.port, found.mode) == (5, 2775, s.TRANSCEIVER)
    assert found.destination_ton is None
    assert session.SmppLink(found).settings is found


@pytest.mark.parametrize(
    "host, good",
    [
        ("smsc.example", "smsc.example"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("smsc.example:2775", ""),
        ("smpp://smsc.example", ""),
        ("two words", ""),
        ("2001:db8::", "2001:db8::"),
    ],
)
def test_the_host_is_a_host_alone(host: str, good: str) -> None:
    form = registry.get("smpp").Credentials({"host": host, "system_id": "parley"})
    assert form.is_valid() == bool(good)
    if good:
        assert s.Settings.of(form.cleaned_data) == s.Settings(good, system_id="parley")


@pytest.mark.parametrize(
    "field, typed", [("certificate", "no PEM"), ("country_code", "+41"), ("country_code", "41791")]
)
def test_a_mistake_is_told_at_its_field(field: str, typed: str) -> None:
    form = registry.get("smpp").Credentials({"host": "a", "system_id": "parley", field: typed})
    assert list(form.errors) == [field]
