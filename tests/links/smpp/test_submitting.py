"""Messages out: the window, what the SMSC says, parts. Unknown is only what had no answer."""

from __future__ import annotations

import asyncio

import pytest

from providers import errors
from providers.links.smpp import SmppLink, connection
from providers.links.smpp import pdu as wire
from providers.links.smpp.statuses import OK, THROTTLED, error_of

from .scene import Desk, awaited, held, message, settings
from .smsc import Smsc, until


async def sent(link: SmppLink, *texts: str) -> list[object]:
    """What became of these messages: ids, or errors."""
    work = [link.send(message(text, f"ref{n}")) for n, text in enumerate(texts)]
    return await asyncio.gather(*work, return_exceptions=True)


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
