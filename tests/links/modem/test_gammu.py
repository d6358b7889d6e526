"""The modem through gammu's daemon, with its dummy device: a phone that is a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from providers.base import DELIVERED, FAILED, SENT, Inbound
from providers.errors import BadCredentials, Rejected, Unavailable
from providers.links.modem import daemon, link_of
from providers.links.modem.gammu import GammuLink
from providers.links.modem.receipts import Ledger
from providers.links.modem.smsbackup import events_of
from tests.providers.played import LONG

from . import pdus
from .scene import CUSTOMER, OURS, Desk, held, looped, message, until
from .simulator import Modem

needs_gammu = pytest.mark.skipif(
    not shutil.which("gammu-smsd"), reason="gammu-smsd is not installed"
)


class Phone:
    """The dummy device."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "phone"
        (self.folder / "sms" / "1").mkdir(parents=True)
        self.spool = folder / "spool"

    @property
    def link(self) -> GammuLink:
        return self._link("none", self.folder)

    def through(self, modem: Modem) -> GammuLink:
        return self._link("at115200", modem.link)

    def _link(self, connection: str, device: Path) -> GammuLink:
        told = {
            "connection": "gammu",
            "gammu_connection": connection,
            "device": str(device),
            "number": OURS,
            "gammu_folder": str(self.spool),
            "look": 0.5,
            "longest_pause": 0.5,
        }
        found = link_of(told)
        assert isinstance(found, GammuLink)
        return found

    def receive(self, place: int, text: str, *, header: str = "", kind: str = "Deliver") -> None:
        """A message comes into the phone's memory."""
        digits = text.encode("utf-16-be").hex().upper()
        lines = [
            "[SMSBackup000]",
            f"PDU = {kind}",
            "DateTime = 20261121T150400Z",
            "State = UnRead",
            f'Number = "{CUSTOMER}"',
            f"UDH = {header}" if header else ";",
            *(
                f"Text{n:02} = {digits[at : at + 200]}"
                for n, at in enumerate(range(0, len(digits), 200))
            ),
            "Coding = Unicode_No_Compression",
            "Folder = 1",
            f"Length = {len(text)}",
            "Class = -1",
            "MessageReference = 255",
        ]
        hidden = self.folder / f"{place}.tmp"
        hidden.write_text("\n".join(lines) + "\n")
        hidden.rename(self.folder / "sms" / "1" / str(place))

    @property
    def sent(self) -> str:
        return (self.folder / "operations.log").read_text()


@pytest.fixture
def phone(tmp_path: Path) -> Phone:
    return Phone(tmp_path)


@needs_gammu
@looped
async def test_messages_leave_through_gammu(phone: Phone, desk: Desk) -> None:
    link = phone.link
    async with held(link, desk):
        assert "999999999999999" in desk.details["Modem"]
        assert desk.details["Signal"] in ("unknown", "42 percent")  # asked for later
        assert len(await link.send(message("Hallo"))) == 1
        names = await link.send(message(LONG[:300]))
        assert len(names) == len(set(names)) == 5
        with pytest.raises(Rejected, match="not a phone number"):
            await link.send(message(recipient="Migros/../x"))
    assert not list((phone.spool / "out").iterdir()) + list((phone.spool / "sent").iterdir())
    with pytest.raises(Unavailable):
        await link.send(message("too late"))


@needs_gammu
@looped
async def test_messages_come_in_through_gammu(phone: Phone, desk: Desk) -> None:
    text = 'Zażółć gęślą jaźń 😀\nNumber = "+4100"\n[SMSBackup007]\nText00 = 0041'
    desk.failures = 1
    phone.receive(1, "written before the start")
    async with held(phone.link, desk):
        phone.receive(2, text[30:], header="050003590202")
        phone.receive(3, text[:30], header="050003590201")
        await until(lambda: len(desk.inbound) == 2, 30)
        await until(lambda: not list((phone.spool / "inbox").iterdir()))
    assert sorted(desk.texts) == sorted(["written before the start", text])
    assert {(each.sender, each.recipient) for each in desk.inbound} == {(CUSTOMER, OURS)}
    assert desk.inbound[0].sent_at and len({each.provider_id for each in desk.inbound}) == 2
    assert not list((phone.folder / "sms" / "1").iterdir())


@needs_gammu
@looped
async def test_reports_find_their_message(phone: Phone, desk: Desk) -> None:
    link = phone.link
    async with held(link, desk):
        (name,) = await link.send(message("Hallo"))
        phone.receive(1, "Delivered", kind="Status_Report")
        await until(lambda: desk.reports, 20)
    assert [(each.status, each.provider_id) for each in desk.reports] == [(DELIVERED, name)]
    assert not desk.inbound


@needs_gammu
@looped
async def test_a_phone_that_is_not_there(phone: Phone, desk: Desk) -> None:
    shutil.rmtree(phone.folder)
    link = phone.link
    async with held(link, desk, up=False):
        await until(lambda: "Error" in desk.reason)
        with pytest.raises(Unavailable):
            await link.send(message())
        assert not list((phone.spool / "out").iterdir())


@needs_gammu
@looped
async def test_a_daemon_that_dies_is_started_again(phone: Phone, desk: Desk) -> None:
    async with held(phone.link, desk):
        found = subprocess.run(
            ["pgrep", "-f", f"gammu-smsd -c {phone.spool}/smsdrc"], capture_output=True, check=True
        )
        subprocess.run(["kill", "-KILL", *found.stdout.split()], check=True)
        await until(lambda: not desk.up)
        await until(lambda: desk.up)


PHONE = {  # what gammu wants to know of a modem besides what we do
    "AT+CSCS=?": '+CSCS: ("GSM","UCS2")\nOK',
    "AT+CSCS?": '+CSCS: "GSM"\nOK',
    "AT+CGMI": "SIMCOM\nOK",
    "AT+CGMR": "1.0\nOK",
    "AT+CGSN": "356938035643809\nOK",
    "AT+CIMI": "228010000000001\nOK",
    "AT+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")\nOK',
    "AT+CNMI=?": "+CNMI: (0-2),(0-3),(0,2),(0,1),(0,1)\nOK",
    "AT+CSCA?": '+CSCA: "+41794999000",145\nOK',
    "AT+CBC": "+CBC: 0,100\nOK",
    "AT+CREG?": '+CREG: 2,1,"B00B","FACE"\nOK',
    **dict.fromkeys(("AT+MODE", "AT+SYNCML", "AT$", "AT+CHUP=?", "AT+CGATT"), "ERROR"),
}


@needs_gammu
@looped
async def test_gammu_at_the_pseudo_terminal(modem: Modem, phone: Phone, desk: Desk) -> None:
    """The same words leave the computer by either way."""
    modem.faults.update(PHONE)
    text = "Zażółć gęślą jaźń 😀 " * 6
    link = phone.through(modem)
    async with held(link, desk):
        assert len(await link.send(message(text))) == 2
        assert "".join(pdus.submitted(each)[2] for each in modem.sent) == text
        modem.on_submit = lambda pdu: "+CMS ERROR: 21"
        with pytest.raises(Rejected, match=r"rejects it \(CMS 21\)"):
            await link.send(message("no"))
    assert len(modem.sent) == 2


@needs_gammu
@looped
async def test_the_pin_is_for_nobody_elses_eyes(phone: Phone, desk: Desk) -> None:
    async with held(phone.link, desk):
        assert (phone.spool / "smsdrc").stat().st_mode & 0o077 == 0


@looped
async def test_without_gammu_the_channel_says_so(
    phone: Phone, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon.shutil, "which", lambda name: None)
    async with held(phone.link, desk, up=False) as running:
        with pytest.raises(BadCredentials, match="apt-get install gammu-smsd"):
            await running


@pytest.mark.parametrize(
    "word, status", [("Delivered", DELIVERED), ("Failed", FAILED), ("Pending", SENT)]
)
def test_words_of_reports(word: str, status: str) -> None:
    text = word.encode("utf-16-be").hex()
    written = f'[SMSBackup000]\nPDU = Status_Report\nNumber = "{CUSTOMER}"\n'
    written += f"Text00 = {text}\nMessageReference = 7\nDateTime = 20261121T150400Z\n"
    ledger = Ledger()
    found = events_of(written, OURS, ledger)
    assert {each.status for each in found} == {status}


def test_a_report_that_cannot_be_read_gives_nothing() -> None:
    assert events_of("[SMSBackup000]\nPDU = Status_Report\nText00 = zz\n", OURS, Ledger()) == []


@pytest.mark.parametrize("written", ["", "no backup", "[SMSBackup000]\nCoding = 8bit\nText00 = 00"])
def test_what_cannot_be_read_is_kept(written: str) -> None:
    (found,) = events_of(written, OURS, Ledger())
    assert isinstance(found, Inbound)
    assert (found.sender, found.text, found.raw) == ("unknown", "", written)


def test_nothing_of_gammu_is_imported() -> None:
    """Its licence is the GPL: it must stay a program of its own."""
    root = Path(daemon.__file__).parents[3]
    for folder in ("providers", "channels_app", "routing", "config"):
        for path in (root / folder).rglob("*.py"):
            text = path.read_text()
            assert "import gammu\n" not in text and "from gammu" not in text, path
