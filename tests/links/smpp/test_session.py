"""The session: binds, window, time-outs, losses. What has no answer is unknown, nothing else."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from providers import errors
from providers.links.smpp import SmppLink, connection, dialling, session
from providers.links.smpp import pdu as wire
from providers.links.smpp import settings as s
from providers.links.smpp.statuses import ALREADY_BOUND, MEANINGS, OK, THROTTLED, error_of

from .scene import CUSTOMER, Desk, awaited, held, message, settings
from .smsc import Bound, Smsc, receipt, short, until


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long waits become short ones."""
    monkeypatch.setattr(dialling, "QUICK", (0.02, 0.05, 0.1, 0.1))
    monkeypatch.setattr(dialling, "LONGEST", 0.2)
    monkeypatch.setattr(connection, "UNBIND_SECONDS", 0.3)
    monkeypatch.setattr(connection, "TICK", 0.05)


async def sent(link: SmppLink, *texts: str) -> list[object]:
    """What became of these messages: ids, or errors."""
    work = [link.send(message(text, f"ref{n}")) for n, text in enumerate(texts)]
    return await asyncio.gather(*work, return_exceptions=True)


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


# the window


@awaited
async def test_the_window_is_kept_and_filled() -> None:
    desk = Desk()
    async with Smsc(delay=0.02) as smsc:
        link = SmppLink(settings(smsc.port, window=4))
        async with held(link, desk):
            await until(lambda: desk.up)
            results = await sent(link, *(f"text {n}" for n in range(40)))
            assert sorted(results) == sorted(f"id{n}" for n in range(1, 41))
            assert smsc.most_unanswered == 4
            assert [each.short.text.decode() for each in smsc.submitted] == [
                f"text {n}" for n in range(40)
            ]


@awaited
async def test_answers_in_any_order_find_their_messages() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        kept = []
        smsc.on_submit = lambda submitted: kept.append(submitted)
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            sending = asyncio.create_task(sent(link, "a", "b", "c"))
            await until(lambda: len(kept) == 3)
            whole = b""
            for each in reversed(kept):
                body = b"id-" + each.short.text + b"\0"
                whole += wire.pack(wire.SUBMIT_SM | wire.RESPONSE, each.sequence, body)
            for byte in whole:  # split at every place
                kept[0].by.write(bytes((byte,)))
                await asyncio.sleep(0)
            assert await sending == ["id-a", "id-b", "id-c"]


@awaited
async def test_drop_within_the_window_only_what_left_is_unknown() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        seen: list[str] = []

        def third_is_the_last(submitted: object) -> None:
            seen.append("x")
            return None

        smsc.on_submit = third_is_the_last
        link = SmppLink(settings(smsc.port, window=3))
        async with held(link, desk):
            bound = await smsc.until_bound()
            await until(lambda: desk.up)
            sending = asyncio.create_task(sent(link, *(f"text {n}" for n in range(10))))
            await until(lambda: len(seen) == 3)
            bound.drop()
            results = await sending
            kinds = [type(each).__name__ for each in results]
            assert kinds == ["Uncertain"] * 3 + ["Unavailable"] * 7
            assert len(smsc.submitted) == 3
            smsc.on_submit = smsc.take
            await until(lambda: desk.up and len(smsc.connections) == 2)
            assert await link.send(message()) == "id4"
            assert [fault for word, _, fault in desk.states if word == "disconnected"] == [False]


@awaited
async def test_no_answer_is_unknown_and_a_late_one_tells_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.2)
    desk = Desk()
    async with Smsc() as smsc:
        kept = []
        smsc.on_submit = lambda submitted: kept.append(submitted)
        link = SmppLink(settings(smsc.port, window=1))
        async with held(link, desk):
            await until(lambda: desk.up)
            with pytest.raises(errors.Uncertain, match="did not answer"):
                await link.send(message(reference="ref7"))
            smsc.on_submit = smsc.take
            assert await link.send(message()) == "id2"  # its place in the window is free again
            kept[0].by.reply(wire.Pdu(wire.SUBMIT_SM, 0, kept[0].sequence), OK, b"00late\0")
            await until(lambda: desk.reports)
            assert (desk.reports[0].reference, desk.reports[0].provider_id) == ("ref7", "late")


@awaited
async def test_waiting_too_long_for_the_window_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "QUEUE_SECONDS", 0.2)
    desk = Desk()
    async with Smsc(on_submit=lambda submitted: None) as smsc:
        link = SmppLink(settings(smsc.port, window=1))
        async with held(link, desk):
            await until(lambda: desk.up)
            first = asyncio.create_task(link.send(message("a")))
            await until(lambda: smsc.submitted)
            with pytest.raises(errors.Unavailable, match="window is full"):
                await link.send(message("b"))
            assert len(smsc.submitted) == 1
            first.cancel()


# what the SMSC says to a message


@awaited
async def test_throttling_holds_everything_back_and_grows() -> None:
    desk = Desk()
    async with Smsc(on_submit=lambda submitted: (THROTTLED, "")) as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            results = await sent(link, *"abcde")
            assert {type(each) for each in results} == {errors.Throttled}
            assert all(0.9 < each.after <= 1.0 for each in results)  # type: ignore[union-attr]
            with pytest.raises(errors.Throttled):
                await link.send(message())
            assert len(smsc.submitted) == 5  # the sixth was not even tried
            link._slow_until = 0.0
            with pytest.raises(errors.Throttled) as caught:
                await link.send(message())
            assert caught.value.after == pytest.approx(2.0, abs=0.1)
            link._slow_until, smsc.on_submit = 0.0, smsc.take
            assert await link.send(message())
            assert link._slow == 0


def test_every_status_has_its_error() -> None:
    kinds = {
        errors.Throttled: (0x14, 0x58),
        errors.Unavailable: (0x04, 0x05, 0x08, 0x64, 0xFF),
        errors.BadCredentials: (0x0D, 0x0E, 0x0F, 0x53),
    }
    wanted = {status: kind for kind, statuses in kinds.items() for status in statuses}
    for status in (*range(1, 0x100), 0x400, 0x4FF, 0xFFFFFFFF):
        error = error_of(status)
        assert type(error) is wanted.get(status, errors.Rejected)
        assert f"0x{status:X}" in error.reason
    assert error_of(0x0B).code == "invalid_phone_number"
    assert error_of(0x0A).code == "invalid_did_number"
    assert type(error_of(0x45, submit_failed_later=True)) is errors.Unavailable


@awaited
async def test_a_forgotten_bind_is_renewed() -> None:
    desk = Desk()
    async with Smsc(on_submit=lambda submitted: (0x4, "")) as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            with pytest.raises(errors.Unavailable):
                await link.send(message())
            await until(lambda: len(smsc.connections) == 2 and desk.up)


@awaited
async def test_a_generic_nack_fails_its_message_alone() -> None:
    desk = Desk()
    async with Smsc() as smsc:

        def nack(submitted):  # type: ignore[no-untyped-def]
            submitted.by.write(wire.pack(wire.GENERIC_NACK, submitted.sequence, status=0x3))

        smsc.on_submit = nack
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            with pytest.raises(errors.Rejected, match="ESME_RINVCMDID"):
                await link.send(message())
            smsc.on_submit = smsc.take
            assert await link.send(message()) == "id2"


# parts of long messages

LONG = "Grüße an alle — ž. " * 20  # 380 letters in UCS-2: 6 parts


@awaited
async def test_a_throttled_part_follows_those_that_were_taken() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        calls = iter([OK, OK, THROTTLED, OK, OK, OK])
        smsc.on_submit = lambda submitted: (next(calls, OK), f"id{len(smsc.submitted)}")
        link = SmppLink(settings(smsc.port, window=1))
        async with held(link, desk):
            await until(lambda: desk.up)
            ids = await link.send(message(LONG))
            assert ids == ["id1", "id2", "id7", "id4", "id5", "id6"]
            third, again = smsc.submitted[2].short, smsc.submitted[6].short
            assert third == again


@awaited
async def test_a_part_that_was_not_sent_follows_over_the_next_connection() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        link = SmppLink(settings(smsc.port, window=1))

        def drop_after_the_second(submitted):  # type: ignore[no-untyped-def]
            if len(smsc.submitted) == 2:
                asyncio.get_running_loop().call_soon(submitted.by.drop)
                smsc.on_submit = smsc.take
                return None
            return smsc.take(submitted)

        smsc.on_submit = drop_after_the_second
        async with held(link, desk):
            await until(lambda: desk.up)
            with pytest.raises(errors.Uncertain):
                await link.send(message(LONG))  # of the second nobody knows
            assert sorted(each.short.text[5] for each in smsc.submitted) == [1, 2, 3, 4, 5, 6]


@awaited
async def test_a_refused_part_fails_the_message_and_says_how_many_were_taken() -> None:
    desk = Desk()
    async with Smsc() as smsc:
        calls = iter([OK, OK, 0x66])
        smsc.on_submit = lambda submitted: (next(calls, OK), "x")
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            with pytest.raises(errors.Rejected, match="5 of 6 parts were taken"):
                await link.send(message(LONG))


@awaited
async def test_a_long_message_of_which_nothing_was_taken_is_tried_again_as_a_whole() -> None:
    desk = Desk()
    async with Smsc(on_submit=lambda submitted: (THROTTLED, "")) as smsc:
        link = SmppLink(settings(smsc.port))
        async with held(link, desk):
            await until(lambda: desk.up)
            with pytest.raises(errors.Throttled):
                await link.send(message(LONG))


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
