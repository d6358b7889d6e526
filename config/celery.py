"""The Celery application. Celery only rings the bell: what is to be done stands in the database."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("parley")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Read in this spelling only: without it every task opens a new database connection.
app.conf["CELERY_DB_REUSE_MAX"] = 1000
app.autodiscover_tasks(["routing"])
