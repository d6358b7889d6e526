"""Agents with a browser each, and a session to look at."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from routing.models import Extension, Queue, Session

from ..factories import ExtensionFactory, QueueFactory, SessionFactory

HTMX = {"HX-Request": "true", "HX-Target": "main"}


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def anna() -> Extension:
    return ExtensionFactory(name="Anna")


@pytest.fixture
def ben() -> Extension:
    return ExtensionFactory(name="Ben")


@pytest.fixture
def queue(anna: Extension, ben: Extension) -> Queue:
    return QueueFactory(name="Support", members=[anna, ben])


@pytest.fixture
def mine(anna: Extension, queue: Queue) -> Session:
    return SessionFactory(holder=anna, queue=queue)


def logged_in(extension: Extension) -> Client:
    client = Client()
    client.force_login(extension.user)
    return client


@pytest.fixture
def browser(anna: Extension) -> Client:
    return logged_in(anna)


def text(answer: Any) -> str:
    return answer.content.decode()
