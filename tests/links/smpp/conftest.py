"""Long waits become short ones."""

from __future__ import annotations

import pytest

from providers.links.smpp import connection, dialling


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "QUICK", (0.02, 0.05, 0.1, 0.1))
    monkeypatch.setattr(dialling, "LONGEST", 0.2)
    monkeypatch.setattr(connection, "UNBIND_SECONDS", 0.3)
    monkeypatch.setattr(connection, "TICK", 0.05)
