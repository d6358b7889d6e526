"""Settings of the test suite: the real ones, with a data folder and a Valkey of its own.

They must be in place before Django's settings load, which is why this is a settings module and not
a fixture. DATABASE_URL, if set, names a PostgreSQL server on which test databases are made.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = tempfile.mkdtemp(prefix="parley-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

# Set and not removed: what stands in the environment wins over a developer's .env file.
os.environ.update(DATA_DIR=_folder, REDIS_URL="", BROKER_URL="", S3_BUCKET="", DEMO="0", DEBUG="0")
os.environ.update(
    PUBLIC_URL="http://127.0.0.1:8000", SECRET_KEY="", FIELD_KEYS="", LOG_LEVEL="INFO"
)

from config.settings import *  # noqa: E402, F403

Path(STATIC_ROOT).mkdir()  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, for tests alone
