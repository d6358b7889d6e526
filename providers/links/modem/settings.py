"""What an administrator sets for one modem, with the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

AT, GAMMU = "at", "gammu"
#: How the modem tells of messages, the best first: stored ones by +CMTI, reports at once by +CDS.
INDICATIONS = ("2,1,0,1,0", "2,1,0,2,0", "1,1,0,1,0", "2,1,0,0,0", "1,1,0,0,0")

#: Devices with PINs that their SIM refused: a third wrong one blocks it, so none is tried twice.
REFUSED_PINS: set[tuple[str, str]] = set()


@dataclass(frozen=True, slots=True)
class Settings:
    """One modem. Times are in seconds."""

    device: str = ""
    number: str = ""
    connection: str = AT
    speed: int = 115200
    pin: str = ""
    storage: str = "SM"
    service_centre: str = ""
    indications: str = ""
    reports: bool = True
    gammu_connection: str = "at115200"
    gammu_folder: str = ""
    look: float = 30.0  # between two looks at the SIM, the network and what is stored
    join: float = 900.0  # in which the parts of a long message must come
    longest_pause: float = 15.0  # between two tries to open the port

    @classmethod
    def of(cls, credentials: Mapping[str, Any]) -> Settings:
        """The settings in a channel's credentials; what is empty there has its default."""
        told: dict[str, Any] = {}
        for each in fields(cls):
            value = credentials.get(each.name)
            if value is not None and value != "":
                told[each.name] = int(value) if each.name == "speed" else value
        if "no_reports" in credentials:
            told["reports"] = not credentials["no_reports"]
        return cls(**told)
