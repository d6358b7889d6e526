"""A platform on loopback."""

from __future__ import annotations

import pytest

from ..factories import PlatformFactory
from ..stories.vendor import Vendor


@pytest.fixture(autouse=True)
def _loopback(settings, tmp_path):
    settings.ALLOW_PRIVATE_ADDRESSES = True
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def vendor():
    with Vendor() as found:
        yield found


@pytest.fixture
def platform(vendor):
    return PlatformFactory(url=f"{vendor.url}/events")
