"""The Celery application. Celery only rings the bell: what is to be done stands in the database."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from kombu import Exchange, Queue

from .tuning import settle_in

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("parley")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Read in this spelling only: without it every task opens a new database connection.
app.conf["CELERY_DB_REUSE_MAX"] = 1000
app.autodiscover_tasks(["routing"])

# The default exchange reaches a queue by its name. A named one needs a binding, which Redis keeps
# as a key: once lost, kombu would drop every task in silence.
app.conf.task_queues = [Queue("parley", Exchange(""), routing_key="parley")]
app.conf.task_default_queue = app.conf.task_default_routing_key = "parley"
app.conf.task_default_exchange = ""


worker_ready.connect(lambda **_: settle_in(), weak=False)


def _every(seconds: float, task: str) -> dict[str, Any]:
    """A beat entry whose call is dropped when no worker took it before the next one is due."""
    return {"task": f"routing.{task}", "schedule": seconds, "options": {"expires": seconds}}


app.conf.beat_schedule = {
    "ring-forgotten": _every(5, "ring_forgotten"),
    "campaigns": _every(5, "campaigns"),
    "read-lists": _every(10, "read_lists"),
    "count-answers": _every(30, "count_answers"),
    "forward": _every(5, "forward"),
    "load-files": _every(10, "load_files"),
    "close-idle": _every(60, "close_idle"),
    "wake": _every(15, "wake"),
    "poll": _every(60, "poll"),
    "get-names": _every(60, "get_names"),
    "sync-templates": _every(3600, "sync_templates"),
    "import-cards": _every(30, "import_cards"),
    "clean": _every(600, "clean"),
}
