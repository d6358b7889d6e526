"""A storage of its own for each test, and a server that customers' files lie on."""

from __future__ import annotations

import pytest

from ..factories import MessageFactory
from ..stories.vendor import Vendor


@pytest.fixture(autouse=True)
def _storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.ALLOW_PRIVATE_ADDRESSES = True


@pytest.fixture
def web():
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def message(db):
    """A message of a channel whose provider keeps files for 72 hours."""
    return MessageFactory(session__number__channel__provider="apidaze")
