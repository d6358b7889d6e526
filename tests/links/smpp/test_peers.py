"""Peers that we did not write: Kannel's bearerbox, smpp34's SMSC, smpplib's client.

With each of them: bind, long Unicode both ways, receipts, throttling, and a loss in the middle of a
window. Nothing is lost, and unknown is only what had no answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from providers import errors
from providers.base import DELIVERED
from providers.links.smpp import SmppLink, alphabets, joining
from providers.links.smpp import pdu as wire
from providers.links.smpp.statuses import OK, THROTTLED

from ...stories.vendor import Vendor
from . import kannel
from .scene import Desk, awaited, held, message, settings
from .smsc import Smsc, receipt, udh, until

LONG = "Zażółć gęślą jaźń — Доставка в понедельник, 😀 " * 12


def text_of(shorts: list[wire.Short]) -> str:
    """The text that these submit_sm carry together."""
    joiner, found = joining.Joiner(), None
    for each in shorts:
        part = joining.part_of(each)
        found = joiner.add(part) if part.place else [part]
    assert found, "parts are missing"
    runs = (run for run in joining.runs(found) if run)
    return "".join(alphabets.decode(run[1], run[0].coding, "gsm7")[0] for run in runs)


# --- smpp34's SMSC, to which our session binds -----------------------------------------------


class Peer:
    """smpp34's SMSC in a process of its own."""

    async def start(self) -> Peer:
        pipe = asyncio.subprocess.PIPE
        program = Path(__file__).with_name("peer_smpp34.py")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), stdin=pipe, stdout=pipe
        )
        self.port = int(await self.line())
        return self

    async def line(self) -> str:
        assert self.process.stdout
        return (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode().strip()

    async def deliver(self, found: wire.Short) -> None:
        assert self.process.stdin
        told = {
            "source_addr": found.source.value,
            "destination": found.destination.value,
            "text": found.text.hex(),
            "data_coding": found.coding,
            "esm_class": found.esm_class,
            "source_addr_ton": 1,
        }
        self.process.stdin.write(json.dumps(told).encode() + b"\n")

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@awaited
async def test_our_session_with_the_smsc_of_smpp34() -> None:
    desk = Desk()
    peer = await Peer().start()
    link = SmppLink(settings(peer.port, window=4))
    try:
        async with held(link, desk):
            await until(lambda: desk.up, 20)
            assert desk.details["SMSC"].startswith("SMPP34")

            # receipts, whose ids are decimal where the answers' are hexadecimal
            given = await link.send(message("Grüezi {€}"))
            assert (await peer.line()).endswith(b"Gr\x7eezi \x1b\x28\x1be\x1b\x29".hex())
            await until(lambda: desk.reports)
            assert (desk.reports[0].provider_id, desk.reports[0].status) == (given, DELIVERED)

            # long Unicode out, and in
            ids = await link.send(message(LONG))
            lines = [(await peer.line()).split() for _ in ids]
            address = wire.Address()
            shorts = [
                wire.Short(address, address, bytes.fromhex(text), int(coding), int(esm))
                for esm, coding, text in lines
            ]
            assert text_of(shorts) == LONG
            await until(lambda: len(desk.reports) == 1 + len(ids))
            assert {each.provider_id for each in desk.reports[1:]} == set(ids)
            for part in udh(LONG):
                await peer.deliver(part)
            await until(lambda: desk.inbound, 20)
            assert desk.inbound[0].text == LONG
            for _ in udh(LONG):
                assert await peer.line() == "answer 0"

            # throttling
            with pytest.raises(errors.Throttled):
                await link.send(message("throttle"))
            link._slow_until = 0.0

            # lost in the middle of a window
            work = [link.send(message(f"silent {n}", f"ref{n}")) for n in range(10)]
            sending = asyncio.gather(*work, return_exceptions=True)
            assert [await peer.line() for _ in range(4)] == ["kept"] * 4
            await peer.kill()
            kinds = [type(each) for each in await sending]
            assert kinds == [errors.Uncertain] * 4 + [errors.Unavailable] * 6
    finally:
        await peer.kill()


# --- smpplib's client, which binds to our simulator ------------------------------------------


class Client:
    """smpplib's client; it blocks, so that each call goes into a thread."""

    def __init__(self, port: int) -> None:
        self.client = smpplib.client.Client(
            "127.0.0.1", port, timeout=5, allow_unknown_opt_params=True
        )
        self.sent: list[tuple[int, bytes]] = []
        self.came: list[Any] = []
        self.client.set_message_sent_handler(
            lambda pdu: self.sent.append((pdu.status, pdu.message_id or b""))
        )
        self.client.set_error_pdu_handler(lambda pdu: None)
        self.client.set_message_received_handler(lambda pdu: self.came.append(pdu))

    def bind(self, password: str = "pa55word") -> None:
        self.client.connect()
        self.client.bind_transceiver(system_id="smpplib", password=password)

    def send(self, text: str) -> int:
        parts, coding, flags = smpplib.gsm.make_parts(text)
        for part in parts:
            self.client.send_message(
                source_addr_ton=1,
                source_addr="41791234510",
                dest_addr_ton=1,
                destination_addr="41791112233",
                short_message=part,
                data_coding=coding,
                esm_class=flags,
                registered_delivery=True,
            )
        return len(parts)

    def listen(self, times: int) -> None:
        for _ in range(times):
            self.client.read_once()


@awaited
async def test_the_client_of_smpplib_with_our_simulator() -> None:
    async with Smsc() as smsc:
        wrong = Client(smsc.port)
        with pytest.raises(smpplib.exceptions.PDUError, match="14"):
            await asyncio.to_thread(wrong.bind, "wrong")
        wrong.client.disconnect()

        client = Client(smsc.port)
        await asyncio.to_thread(client.bind)
        (bound,) = smsc.bound()
        assert bound.system_id == "smpplib"

        count = await asyncio.to_thread(client.send, LONG)
        await asyncio.to_thread(client.listen, count)
        assert [status for status, _ in client.sent] == [OK] * count
        assert text_of([each.short for each in smsc.submitted]) == LONG

        parts = [*udh(LONG), receipt("id1")]
        work = [asyncio.create_task(bound.deliver(part)) for part in parts]
        await asyncio.to_thread(client.listen, len(parts))
        assert await asyncio.gather(*work) == [OK] * len(parts)
        came = [
            wire.Short(wire.Address(), wire.Address(), x.short_message, x.data_coding, x.esm_class)
            for x in client.came
        ]
        assert text_of(came[:-1]) == LONG
        assert came[-1].text == receipt("id1").text

        smsc.on_submit = lambda submitted: (THROTTLED, "")
        await asyncio.to_thread(client.send, "Hi")
        await asyncio.to_thread(client.listen, 1)
        assert client.sent[-1][0] == THROTTLED

        smsc.on_submit = lambda submitted: None
        for n in range(3):
            await asyncio.to_thread(client.send, f"text {n}")
        await until(lambda: len(smsc.submitted) == count + 4)
        bound.drop()
        with pytest.raises((smpplib.exceptions.ConnectionError, OSError)):
            await asyncio.to_thread(client.listen, 1)


# --- Kannel's bearerbox, which binds to our simulator ----------------------------------------


@pytest.fixture
def callbacks() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.mark.skipif(
    not (kannel.BEARERBOX and kannel.SMSBOX), reason="Kannel is missing (apt install kannel)"
)
@awaited
async def test_kannel_with_our_simulator(callbacks: Vendor, tmp_path: Path) -> None:
    async def send(text: str, coding: int = 0) -> None:
        def ask() -> int:
            with urlopen(box.send_address(text, coding=coding), timeout=10) as answer:
                return int(answer.status)

        assert await asyncio.to_thread(ask) == 202

    async with Smsc() as smsc:
        box = kannel.Kannel(tmp_path, smsc.port, callbacks.url)
        try:
            await box.start()
            bound = await smsc.until_bound(seconds=20)
            assert (bound.command, bound.system_id) == (wire.BIND_TRANSCEIVER, "kannel")
            await until(lambda: bound.enquiries >= 1)

            # a text and its receipt
            await send("Hello {you}")
            await until(lambda: smsc.submitted)
            assert text_of([smsc.submitted[0].short]) == "Hello {you}"
            assert smsc.submitted[0].short.registered
            assert await bound.deliver(receipt("id1")) == OK
            await until(lambda: callbacks.requests_to("/dlr"))

            # long Unicode out
            await send(LONG, coding=2)
            await until(lambda: len(smsc.submitted) > 8)
            await asyncio.sleep(0.2)
            assert text_of([each.short for each in smsc.submitted[1:]]) == LONG

            # long Unicode in: Kannel joins the parts
            work = [bound.deliver(part) for part in udh(LONG)]
            assert set(await asyncio.gather(*work)) == {OK}
            await until(lambda: callbacks.requests_to("/mo"), 20)
            assert callbacks.requests_to("/mo")[0].body.decode("utf-16-be") == LONG

            # throttled, then taken
            before = len(smsc.submitted)
            answers = iter([(THROTTLED, "")])
            smsc.on_submit = lambda submitted: next(answers, None) or smsc.take(submitted)
            await send("again")
            await until(lambda: len(smsc.submitted) == before + 2, 20)

            # lost in the middle of a window: Kannel itself sends those again that had no answer
            smsc.on_submit = lambda submitted: None
            before = len(smsc.submitted)
            for n in range(5):
                await send(f"window {n}")
            await until(lambda: len(smsc.submitted) == before + 5)
            smsc.on_submit = smsc.take
            bound.drop()
            await until(lambda: len(smsc.submitted) >= before + 10, 20)
            texts = {text_of([each.short]) for each in smsc.submitted[before + 5 :]}
            assert texts == {f"window {n}" for n in range(5)}
        finally:
            await asyncio.to_thread(box.stop)
