"""What the modem's errors mean: +CMS ERROR about messages, +CME ERROR about itself and the SIM."""

from __future__ import annotations

import re

from ...errors import BadCredentials, ProviderError, Rejected, Unavailable

CMS, CME = "CMS", "CME"
MEANINGS = {
    CMS: {
        1: "nobody has this number",
        8: "the operator bars messages from this SIM",
        10: "messages to this number are barred",
        21: "the recipient's side rejects it",
        27: "the recipient cannot be reached for good",
        28: "the network does not know the recipient",
        29: "the network rejects the facility",
        30: "the network does not know this SIM",
        38: "the network is out of order",
        41: "a temporary failure of the network",
        42: "the network is congested",
        47: "the network lacks resources",
        50: "the SIM's plan holds no messages",
        69: "the network does not offer this",
        95: "the network takes it for invalid",
        96: "the network misses something in it",
        97: "the network does not know this kind of message",
        98: "the network takes no such message now",
        99: "the network does not know a part of it",
        111: "the network speaks of a protocol error",
        127: "the network gives no reason",
        300: "the modem failed",
        302: "the modem does not allow it",
        304: "the modem takes the PDU for invalid",
        305: "the modem takes a parameter for invalid",
        310: "there is no SIM",
        311: "the SIM wants its PIN",
        312: "the SIM wants the PIN of a phone",
        313: "the SIM failed",
        314: "the SIM is busy",
        315: "the SIM is the wrong one",
        316: "the SIM is blocked and wants its PUK",
        317: "the SIM wants its PIN2",
        318: "the SIM wants its PUK2",
        320: "its memory failed",
        321: "its memory has no such place",
        322: "its memory is full",
        330: "the service centre's number is not known",
        331: "there is no network",
        332: "the network did not answer in time",
        500: "an error without a name",
        512: "the modem could not send it",
    },
    CME: {
        3: "the modem does not allow it",
        4: "the modem does not offer this",
        5: "the modem wants the PIN of a phone",
        10: "there is no SIM",
        11: "the SIM wants its PIN",
        12: "the SIM is blocked and wants its PUK",
        13: "the SIM failed",
        14: "the SIM is busy",
        15: "the SIM is the wrong one",
        16: "the PIN is wrong",
        17: "the SIM wants its PIN2",
        18: "the SIM wants its PUK2",
        20: "its memory is full",
        30: "there is no network",
        31: "the network did not answer in time",
        32: "the network takes emergency calls only",
        100: "an error without a name",
    },
}
#: The modem promises that nothing was sent, and time may mend it.
LATER = {CMS: {38, 41, 42, 47, 300, 331, 332, 500, 512}, CME: {14, 30, 31, 32, 100}}
#: The SIM or the set-up, whatever the message.
OURS = {CMS: {*range(310, 319), 330}, CME: {5, 10, 11, 12, 13, 15, 16, 17, 18}}
NUMBERS = {1, 27, 28}  # of CMS: about the recipient
WRONG_PIN = 16

_FINAL = re.compile(r"\+(CMS|CME) ERROR: *(\d+)?(.*)", re.IGNORECASE)


class Lost(Exception):
    """The port is gone, or was never there."""


class NoAnswer(Exception):
    """The modem said nothing in time."""


class Refused(Exception):
    """The modem said ERROR: ``kind`` is CMS, CME or "", ``code`` its number or -1."""

    def __init__(self, kind: str = "", code: int = -1, words: str = "") -> None:
        super().__init__(kind, code, words)
        self.kind, self.code, self.words = kind, code, words

    def __str__(self) -> str:
        meaning = MEANINGS.get(self.kind, {}).get(self.code) or self.words
        number = f" ({self.kind} {self.code})" if self.code >= 0 else ""
        return f"{meaning or 'it said ERROR'}{number}"

    def as_error(self) -> ProviderError:
        """Which of our errors this is, for a message that was to be sent."""
        said = f"The modem: {self}."
        if self.code in OURS.get(self.kind, ()):
            return BadCredentials(said)
        if self.code in LATER.get(self.kind, ()):
            return Unavailable(said)
        about_number = self.kind == CMS and self.code in NUMBERS
        return Rejected(said, code="invalid_phone_number" if about_number else "")


def refusal(line: str) -> Refused | None:
    """The error that a line stands for; None if it is another line."""
    if found := _FINAL.fullmatch(line):
        kind, code, words = found.groups()
        return Refused(kind.upper(), int(code) if code else -1, words.strip())
    if line in ("ERROR", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"):
        return Refused()
    return None
