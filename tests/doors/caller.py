"""A client of the Open API in the test process, for what needs no running system."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from channels_app.models import Number
from routing.models import Door

SECRET = "a-secret-of-the-crm"


def crm(*numbers: Number, name: str = "CRM", secret: str = SECRET, **fields: Any) -> Door:
    """A system at the Open API; with numbers, for these only."""
    door = Door(name=name, kind=Door.OPENAPI, client_id=name.lower(), **fields)
    door.set_key(secret)
    door.save()
    door.senders.set(numbers)
    door.point("")
    door.save()
    return door


class Caller:
    """``Caller().log_in()``, then ``get`` and ``post`` with the token; answers as JSON."""

    def __init__(self, remote: str = "203.0.113.5") -> None:
        self.http, self.token, self.refresh = Client(headers={"User-Agent": "OpenAPI"}), "", ""
        self.remote = remote

    def log_in(self, username: str = "crm", password: str = SECRET) -> dict[str, Any]:
        found = self.post("get_token", username=username, password=password)
        self._keep(found)
        return found

    def renew(self) -> dict[str, Any]:
        found = self.post("refresh_token", refresh_token=self.refresh)
        self._keep(found)
        return found

    def _keep(self, found: dict[str, Any]) -> None:
        self.token = found.get("access_token", self.token)
        self.refresh = found.get("refresh_token", self.refresh)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        query = {"access_token": self.token, **query}
        return self._json(self.http.get(f"/openapi/v1.0/{path}", query, REMOTE_ADDR=self.remote))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self.raw(path, json.dumps(body))

    def raw(self, path: str, body: str | bytes) -> dict[str, Any]:
        url = f"/openapi/v1.0/{path}?access_token={self.token}"
        more = {"content_type": "application/json", "REMOTE_ADDR": self.remote}
        return self._json(self.http.post(url, body, **more))

    @staticmethod
    def _json(answer: Any) -> dict[str, Any]:
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


def code(found: dict[str, Any]) -> tuple[int, str]:
    return found["errcode"], found["errmsg"]


def fields(found: dict[str, Any]) -> list[str]:
    """The parameters that a 40002 blames."""
    assert code(found) == (40002, "PARAMETER ERROR"), found
    return [each["field"] for each in found["invalid_param_list"]]


OK = (0, "SUCCESS")
EXPIRED, DENIED = (10004, "TOKEN EXPIRED"), (10005, "ACCESS DENIED")
NOT_DONE, NOT_FOUND = (10009, "OPERATION FAILED"), (60001, "DATA NOT FOUND")
TOO_MANY = (60002, "MAX LIMITATION EXCEEDED")
