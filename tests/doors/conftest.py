"""One house for all: each test has customers of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..stories.system import System
from .house import CONFIGURATION, House, servers


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    provider, pbx = servers()
    with provider, pbx:
        text = CONFIGURATION % {"provider": provider.url, "pbx": pbx.url}
        environment = {"TRUSTED_PROXIES": "127.0.0.1"}
        with System(text, workers=1, beat=True, environment=environment) as parley:
            yield House(parley, provider, pbx)
