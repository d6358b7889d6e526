"""Messages leave through a modem at a pseudo-terminal; whatever it does, the outcome is right."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from providers.base import DELIVERED, FAILED, SENT
from providers.errors import BadCredentials, ProviderError, Rejected, Unavailable, Uncertain
from providers.links.modem import at
from tests.providers.played import LONG

from . import pdus
from .scene import CUSTOMER, Desk, held, link_to, looped, message, until
from .simulator import Modem


@looped
async def test_a_text_is_sent_and_its_report_finds_it(modem: Modem, desk: Desk) -> None:
    modem.after_submit = lambda reference, pdu: [
        f"+CDS: {27}",
        pdus.status_report(reference, CUSTOMER, 0),
    ]
    link = link_to(modem)
    async with held(link, desk):
        (name,) = await link.send(message("Grüezi"))
        await until(lambda: desk.reports)
    assert [pdus.submitted(each)[:3] for each in modem.sent] == [(CUSTOMER, 0x31, "Grüezi")]
    (report,) = desk.reports
    assert (report.status, report.provider_id) == (DELIVERED, name)
    assert ("out", f"AT+CMGS=20: {modem.sent[0]}") in desk.lines


@pytest.mark.parametrize(
    "text", ["€" * 100, "[abc]" * 60, "Zażółć gęślą jaźń 😀 " * 20, LONG], ids=len
)
@looped
async def test_long_texts_go_in_parts_with_an_id_each(modem: Modem, desk: Desk, text: str) -> None:
    link = link_to(modem)
    async with held(link, desk):
        names = await link.send(message(text))
    read = [pdus.submitted(each) for each in modem.sent]
    assert "".join(each[2] for each in read) == text
    assert len(read) == len(names) == len(set(names)) > 1


@pytest.mark.parametrize(
    "trouble",
    [
        {"obeys_echo": False},
        {"split": 1},
        {"split": 3, "obeys_echo": False},
        {"chatter": ("RING", "^RSSI:21", '+CMTI: "SM",9', "+CREG: 1")},
        {"chatter": ("+CREG: 1",), "split": 2, "obeys_echo": False},
        {"echo": False},
    ],
    ids=str,
)
@looped
async def test_what_modems_do_to_lines(
    modem: Modem, desk: Desk, trouble: dict[str, object]
) -> None:
    for name, value in trouble.items():
        setattr(modem, name, value)
    link = link_to(modem)
    async with held(link, desk):
        for n in range(3):
            assert len(await link.send(message(f"Zażółć {n} " * 12))) == 2
    whole = "".join(pdus.submitted(each)[2] for each in modem.sent)
    assert whole == "".join(f"Zażółć {n} " * 12 for n in range(3))
    assert desk.details["Signal"] == "strong, -73 dBm (20 of 31)"


@looped
async def test_many_at_once_go_one_after_another(modem: Modem, desk: Desk) -> None:
    link = link_to(modem)
    async with held(link, desk):
        names = await asyncio.gather(*(link.send(message(f"text {n}")) for n in range(20)))
    assert sorted(pdus.submitted(each)[2] for each in modem.sent) == sorted(
        f"text {n}" for n in range(20)
    )
    assert len({name for (name,) in names}) == 20


@pytest.mark.parametrize(
    "said, error, words",
    [
        *((f"+CMS ERROR: {n}", Rejected, f"(CMS {n})") for n in (1, 8, 21, 27, 28, 30, 304, 305)),
        *((f"+CMS ERROR: {n}", Unavailable, f"(CMS {n})") for n in (38, 41, 42, 47, 331, 332)),
        *((f"+CMS ERROR: {n}", Unavailable, f"(CMS {n})") for n in (500, 512)),
        *((f"+CMS ERROR: {n}", BadCredentials, f"(CMS {n})") for n in range(310, 319)),
        ("+CMS ERROR: 330", BadCredentials, "service centre's number"),
        ("+CME ERROR: 10", BadCredentials, "there is no SIM"),
        ("+CME ERROR: 30", Unavailable, "there is no network"),
        ("+CMS ERROR: 4711", Rejected, "(CMS 4711)"),
        ("+CMS ERROR: network trouble", Rejected, "network trouble"),
        ("ERROR", Rejected, "it said ERROR"),
    ],
)
@looped
async def test_refusals_are_sorted(
    modem: Modem, desk: Desk, said: str, error: type[ProviderError], words: str
) -> None:
    modem.on_submit = lambda pdu: said
    link = link_to(modem)
    async with held(link, desk):
        with pytest.raises(error, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
            await link.send(message())
        assert type(caught.value) is error
        modem.on_submit = lambda pdu: None
        assert await link.send(message("next"))  # the modem goes on
    assert len(modem.sent) == 1


@looped
async def test_a_refusal_in_place_of_the_prompt(modem: Modem, desk: Desk) -> None:
    modem.faults["AT+CMGS="] = "+CMS ERROR: 310"
    link = link_to(modem)
    async with held(link, desk):
        with pytest.raises(BadCredentials, match="there is no SIM"):
            await link.send(message())
    assert not modem.sent


@looped
async def test_half_a_long_text_is_said_to_be_half(modem: Modem, desk: Desk) -> None:
    modem.on_submit = lambda pdu: "+CMS ERROR: 42" if len(modem.sent) == 2 else None
    link = link_to(modem)
    async with held(link, desk):
        with pytest.raises(Rejected, match=r"congested.* Of 3 parts, 2 had left already"):
            await link.send(message("Zażółć gęślą " * 15))


@looped
async def test_no_prompt_means_nothing_was_sent(
    modem: Modem, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at, "PROMPT_SECONDS", 0.3)
    modem.faults["AT+CMGS="] = None
    link = link_to(modem)
    async with held(link, desk):
        with pytest.raises(Unavailable, match="asks for no text"):
            await link.send(message())
        del modem.faults["AT+CMGS="]
        await until(lambda: ("disconnected", "The modem asks for no text.") in desk.states)
        await until(lambda: desk.up)
        assert await link.send(message("again"))
    assert [pdus.submitted(each)[2] for each in modem.sent] == ["again"]


@looped
async def test_no_answer_to_a_text_means_nobody_knows(
    modem: Modem, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at, "SEND_SECONDS", 0.3)
    modem.on_submit = lambda pdu: ""
    link = link_to(modem)
    async with held(link, desk):
        with pytest.raises(Uncertain, match="may have been sent"):
            await link.send(message())
        modem.on_submit = lambda pdu: None
        await until(lambda: not desk.up)
        await until(lambda: desk.up)
        assert await link.send(message())


@looped
async def test_pulled_out_in_the_middle_of_a_text(modem: Modem, desk: Desk) -> None:
    def pull(pdu: str) -> str:
        modem._stopping.set()
        return ""

    modem.on_submit = pull
    link = link_to(modem)
    async with held(link, desk):
        sending = asyncio.ensure_future(link.send(message()))
        await until(modem._stopping.is_set)
        await asyncio.to_thread(modem.unplug)
        with pytest.raises(Uncertain, match="unplugged"):
            await sending
        with pytest.raises(Unavailable):
            await link.send(message("while it is gone"))
        modem.on_submit = lambda pdu: None
        await until(lambda: "no such device" in desk.reason)
        modem.plug()
        await until(lambda: desk.up)
        assert await link.send(message("it is back"))
    assert [pdus.submitted(each)[2] for each in modem.sent] == ["it is back"]


@looped
async def test_who_gives_up_leaves_the_modem_alone(modem: Modem, desk: Desk) -> None:
    modem.on_submit = lambda pdu: time.sleep(0.3)  # in its own thread
    link = link_to(modem)
    async with held(link, desk):
        first = asyncio.ensure_future(link.send(message("first")))
        second = asyncio.ensure_future(link.send(message("second")))
        await until(lambda: any(each.startswith("AT+CMGS") for each in modem.commands))
        first.cancel()
        second.cancel()
        await until(lambda: modem.sent)
        assert await link.send(message("third"))
    assert [pdus.submitted(each)[2] for each in modem.sent] == ["first", "third"]


@pytest.mark.parametrize(
    "octet, status, words",
    [
        (0x00, DELIVERED, ""),
        (0x01, SENT, ""),
        (0x02, DELIVERED, ""),
        (0x20, SENT, ""),
        (0x30, SENT, ""),
        (0x43, FAILED, "cannot be reached (0x43)"),
        (0x46, FAILED, "the time to deliver it is over (0x46)"),
        (0x5F, FAILED, "no reason given (0x5F)"),
        (0x65, FAILED, "phone failed (0x65)"),
        (0x7F, FAILED, "(0x7F)"),
    ],
)
@looped
async def test_each_status_word(
    modem: Modem, desk: Desk, octet: int, status: str, words: str
) -> None:
    link = link_to(modem)
    async with held(link, desk):
        (name,) = await link.send(message())
        modem.say("+CDS: 27", pdus.status_report(modem.reference, CUSTOMER, octet))
        await until(lambda: desk.reports)
    (report,) = desk.reports
    assert (report.status, report.provider_id) == (status, name)
    assert words in report.reason and bool(report.reason) == (status == FAILED)


@looped
async def test_a_report_after_a_restart_finds_its_message(modem: Modem, desk: Desk) -> None:
    link = link_to(modem)
    async with held(link, desk):
        (name,) = await link.send(message())
        at_ = pdus.stamp(datetime.now(UTC))
    desk.states.clear()
    async with held(link_to(modem), desk):
        modem.say("+CDS: 27", pdus.status_report(modem.reference, CUSTOMER, 0, at_))
        await until(lambda: desk.reports)
    assert name in [each.provider_id for each in desk.reports]
    assert len(desk.reports) == 2


@looped
async def test_a_modem_that_counts_nothing_gives_new_ids_all_the_same(
    modem: Modem, desk: Desk
) -> None:
    modem.on_submit = lambda pdu: "+CMGS: 255\nOK"
    link = link_to(modem)
    async with held(link, desk):
        names = [(await link.send(message(str(n))))[0] for n in range(3)]
    assert len(set(names)) == 3


@looped
async def test_reports_kept_in_a_memory_of_their_own(modem: Modem, desk: Desk) -> None:
    modem.faults["AT+CNMI=2,1,0,1,0"] = "+CMS ERROR: 303"
    link = link_to(modem)
    async with held(link, desk):
        (name,) = await link.send(message())
        modem.reports[4] = pdus.status_report(modem.reference, CUSTOMER, 0)
        modem.say('+CDSI: "SR",4')
        await until(lambda: desk.reports)
        modem.store(pdus.deliver(CUSTOMER, pdus.gsm("and on it goes")))
        await until(lambda: desk.texts)
    assert "AT+CNMI=2,1,0,2,0" in modem.commands
    assert desk.reports[0].provider_id == name and not modem.reports
