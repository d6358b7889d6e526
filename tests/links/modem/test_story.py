"""The running Parley with a modem at a pseudo-terminal: answers out, reports in, messages in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..house import House
from . import pdus
from .scene import CUSTOMER
from .simulator import Modem

pytestmark = [pytest.mark.story]
OURS = "+41791234510"
LONG = "Grüezi, das ist ein längerer Text 😀, der in Teilen kommt. " * 2


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[Modem]:
    found = Modem(tmp_path / "ttyUSB0", sim="SIM PIN").plug()
    yield found
    found.unplug()


def parts(text: str) -> list[str]:
    pieces = [text[n : n + 60] for n in range(0, len(text), 60)]
    return [
        pdus.deliver(CUSTOMER, pdus.ucs2(piece, f"05000307{len(pieces):02X}{n:02X}"), header=True)
        for n, piece in enumerate(pieces, 1)
    ]


def test_a_sim_serves_the_desk(modem: Modem) -> None:
    modem.after_submit = lambda reference, pdu: [
        "+CDS: 27",
        pdus.status_report(reference, pdus.submitted(pdu)[0], 0),
    ]
    modem.store(pdus.deliver(CUSTOMER, pdus.gsm("written while all was down")), tell=False)
    credentials = f'{{device: "{modem.link}", number: "{OURS}", pin: "1234"}}'
    with House("", provider="modem", credentials=credentials, workers=1) as parley:
        parley.start_links()
        parley.wait(parley.proved, 60, "a green channel")
        parley.wait(lambda: parley.received() == ["written while all was down"], 60)
        parley.fill(3)
        parley.wait(lambda: parley.states() == {"delivered": 3}, 60)
        assert sorted(pdus.submitted(each)[2] for each in modem.sent) == [
            "text 0", "text 1", "text 2"
        ]  # fmt: skip
        for each in reversed(parts(LONG)):
            modem.store(each)
        parley.wait(lambda: LONG in parley.received(), 60)
        parley.wait(lambda: not modem.stored, 60)
        ((details,),) = parley.sql("SELECT details FROM channels_app_linkstate")
        assert "Example Mobile" in str(details) and "strong" in str(details)

        modem.unplug()
        parley.wait(lambda: "no such device" in parley.fault(), 60)
        parley.fill(1, first=3)
        modem.plug()
        parley.wait(lambda: parley.states() == {"delivered": 4}, 60)
        assert not parley.fault()
        assert "1234" not in str(parley.sql("SELECT calls FROM routing_exchange"))
