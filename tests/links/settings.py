"""Parley's settings for the processes of these tests, with two providers that only they have."""

from pathlib import Path

from config.settings import *  # noqa: F403
from providers import adapters

adapters.__path__.append(str(Path(__file__).parent / "adapters"))
