"""The same Idempotency-Key again: the first answer again, and nothing is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ...models import Answered
from .callers import Caller
from .problems import Problem

HEADER = "Idempotency-Key"
LONGEST = 255


def once(request: Request, work: Callable[[], Any]) -> Response:
    """201 with what ``work`` made, as plain data; it is called once for each key.

    Work and answer are one transaction, so that of many requests at a time one works and the others
    wait for its answer. What is refused is not kept: it may be tried again under the same key.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return Response(work(), 201)
    if len(key) > LONGEST:
        raise Problem("invalid", f"The {HEADER} has more than {LONGEST} characters.")
    caller: Caller = request.auth
    mine = {"caller": caller.name, "key": hashlib.sha256(key.encode()).hexdigest()}
    asked = [request.method, request.path, request.data]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        first, made = Answered.objects.get_or_create(**mine, defaults={"digest": digest})
        if made:
            body = json.loads(JSONRenderer().render(work()))
            Answered.objects.filter(pk=first.pk).update(status=201, body=body)
            return Response(body, 201)
    if first.digest != digest:
        raise Problem("key_used_before", "Take a new key for another request.")
    return Response(first.body, first.status, headers={"Idempotent-Replayed": "true"})
