"""Every test here may use private addresses, and hashes passwords quickly."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _private(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
