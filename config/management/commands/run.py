"""``manage.py run``: all of Parley on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config import embedded
from config.health import missing_migrations
from config.processes import (
    Crew,
    Member,
    beat_command,
    front_command,
    links_command,
    say,
    worker_command,
)
from routing.management.commands import demo


class Command(BaseCommand):
    help = "Starts everything: Valkey (unless REDIS_URL is set), web, events, worker, links, beat."

    def handle(self, *args: Any, **options: Any) -> None:
        port = _port()
        known = {"PORT": str(port), "DATA_DIR": str(settings.DATA_DIR)}
        crew = Crew(settings.BASE_DIR, {**os.environ, **known})
        crew.stop_on_signals()
        valkey = _start_valkey()
        lost: Member | None = None
        try:
            logins = _prepare()
            if not crew.stop_asked:
                lost = _run(crew, port, valkey, logins)
        finally:
            say("Stopping.")
            crew.close()
            if valkey:
                valkey.stop()
        if lost:
            raise CommandError(
                f"{lost.name} ended unexpectedly (exit status {lost.process.returncode}); its last "
                "lines above say why. Everything else was stopped."
            )
        say("Stopped.")


def _port() -> int:
    """PORT, free to be used. Raises CommandError."""
    word = os.environ.get("PORT") or "8000"
    if not word.isdecimal() or not 0 < int(word) < 65536:
        raise CommandError(f"PORT is {word!r}; it must be a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(word)))
        except OSError as error:
            raise CommandError(
                f"Port {word} cannot be used ({error.strerror}). Choose another one: "
                f"PORT={min(int(word) + 1, 65535)} make run"
            ) from None
    return int(word)


def _start_valkey() -> embedded.Valkey | None:
    if os.environ.get("REDIS_URL"):
        say("Redis: the one REDIS_URL names.")
        return None
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        return embedded.start(settings.DATA_DIR / "valkey", settings.VALKEY_SOCKET)
    except (embedded.AlreadyRunning, embedded.NoServer, embedded.DidNotStart) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"Nothing can be kept in {settings.DATA_DIR}: {error}") from None


def _prepare() -> list[demo.Login]:
    """Bring the database up to date; returns the demo's logins, if this is the demo."""
    os.makedirs(settings.STATIC_ROOT, exist_ok=True)
    if missing_migrations():
        call_command("migrate", verbosity=0, interactive=False)
    if settings.DEMO:
        demo.load()
    logins = demo.logins()
    connections.close_all()
    return logins


def _run(
    crew: Crew, port: int, valkey: embedded.Valkey | None, logins: list[demo.Login]
) -> Member | None:
    """Until the end is asked for; returns the member that ended by itself, if one did."""
    crew.start(
        {
            "web+events": front_command(port),
            "worker": worker_command(),
            "links": links_command(),
            "beat": beat_command(settings.DATA_DIR),
        }
    )
    say("Started web and events (one process on one port), worker, links and beat.")
    address = f"http://127.0.0.1:{port}"
    if lost := crew.wait(also=_answers(address)):
        return lost
    if crew.stop_asked:
        return None
    _greet(address, logins)
    lost = crew.wait(also=lambda: valkey is not None and valkey.process.poll() is not None)
    if valkey and valkey.process.poll() is not None and not crew.stop_asked:
        return lost or Member("Valkey", valkey.process, 0)
    return lost


def _answers(address: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):  # noqa: S310 (loopback)
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    return answers


def _greet(address: str, logins: list[demo.Login]) -> None:
    say("")
    say(f"  Parley answers at {address}/")
    for login in logins:
        say(f"    {login.role:<14} {login.username} / {login.password}   {address}{login.path}")
    if settings.DEMO:
        say(f"    {'customer':<14} the virtual phone, no login   {address}/phone/")
    say(f"  Everything is kept in {settings.DATA_DIR}. Ctrl-C stops it.")
    say("")
    sys.stdout.flush()
