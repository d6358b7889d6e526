"""``manage.py rotate_keys``: encrypt every secret with the first of FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from channels_app.fields import EncryptedJSONField


class Command(BaseCommand):
    help = "Encrypts all secrets with the first of FIELD_KEYS; the others may go afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            fields = [f.attname for f in model._meta.fields if isinstance(f, EncryptedJSONField)]
            if fields:
                count = _rotate(model, fields)
                self.stdout.write(f"{model._meta.verbose_name_plural}: {count}")


@transaction.atomic
def _rotate(model: type[models.Model], fields: list[str]) -> int:
    """Write each secret again as it is; returns how many rows there were."""
    rows = model._default_manager.select_for_update().order_by("pk")
    for row in rows:
        secrets = {name: getattr(row, name) for name in fields}
        model._default_manager.filter(pk=row.pk).update(**secrets)
    return len(rows)
