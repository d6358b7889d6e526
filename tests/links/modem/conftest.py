"""What tests of modems have: a plugged-in one, and a desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.links.modem.settings import REFUSED_PINS

from .scene import Desk
from .simulator import Modem


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[Modem]:
    found = Modem(tmp_path / "ttyUSB0").plug()
    yield found
    found.unplug()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(autouse=True)
def _no_pin_was_refused() -> Iterator[None]:
    REFUSED_PINS.clear()
    yield
    REFUSED_PINS.clear()
