"""The embedded Valkey: found, started once, kept across restarts, ended with time to save."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config import embedded

from .stories.databases import ROOT


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pv-") as short:  # sockets need short paths
        yield Path(short)


def test_it_keeps_what_it_held(folder: Path) -> None:
    socket = folder / "s"
    first = embedded.start(folder / "valkey", socket)
    redis.Redis.from_url(first.url).set("kept", "yes")
    first.stop()
    assert first.process.returncode == 0
    second = embedded.start(folder / "valkey", socket)
    assert redis.Redis.from_url(second.url).get("kept") == b"yes"
    assert socket.stat().st_mode & 0o077 == 0
    second.stop()


def test_a_second_start_says_who_runs(folder: Path) -> None:
    server = embedded.start(folder / "valkey", folder / "s", keep=False)
    with pytest.raises(embedded.AlreadyRunning, match=f"process {server.process.pid}"):
        embedded.start(folder / "valkey", folder / "other")
    server.stop()
    embedded.start(folder / "valkey", folder / "s", keep=False).stop()


def test_a_server_that_cannot_start_tells_why(folder: Path) -> None:
    with pytest.raises(embedded.DidNotStart, match="No such file"):
        embedded.start(folder / "valkey", folder / "missing" / "s")


def test_without_the_package_the_path_is_searched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = embedded.find_server()
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(embedded.NoServer, match="REDIS_URL"):
        embedded.find_server()
    (folder / "redis-server").symlink_to(real)
    assert embedded.find_server() == str(folder / "redis-server")


@pytest.mark.parametrize("name", ["x" * 100, "with space", "100%", "a#b", "plain"])
def test_the_socket_suits_any_data_folder(folder: Path, name: str) -> None:
    data = folder / name
    data.mkdir()
    script = (
        "import json; from config import settings as s;"
        "print(json.dumps([str(s.VALKEY_SOCKET), s.REDIS_URL, s.BROKER_URL]))"
    )
    environment = {**os.environ, "DATA_DIR": str(data), "REDIS_URL": "", "BROKER_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    socket, url, broker = eval(done.stdout)
    assert len(socket) <= 100 and (socket == f"{data}/valkey.sock") == (name == "plain")
    server = embedded.start(data / "valkey", Path(socket), keep=False)
    try:
        assert redis.Redis.from_url(url).ping()
        assert broker == url.replace("unix://", "redis+socket://")
    finally:
        server.stop()
