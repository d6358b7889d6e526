"""Two agents, a queue, a number; a personal token and a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from routing.models import ApiToken, Door
from routing.models.tokens import SCOPES

from ..doors.conftest import house  # noqa: F401
from ..scene import Scene, build


@dataclass
class Api:
    """A key at the door."""

    key: str
    scene: Scene

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        more = {"content_type": "application/json"} if method not in ("get", "delete") else {}
        sent = body if method in ("get", "delete") else ({} if body is None else body)
        return getattr(Client(), method)(
            f"/api/v1/{path}",
            sent,
            headers={"Authorization": f"Bearer {self.key}", **headers},
            **more,
        )

    def get(self, path: str, expect: int = 200, **query: Any) -> Any:
        answer = self("get", path, query)
        assert answer.status_code == expect, answer.content
        return answer.json()

    def post(self, path: str, body: Any = None, expect: int = 200, **headers: str) -> Any:
        answer = self("post", path, body, **headers)
        assert answer.status_code == expect, answer.content
        return answer.json()


def token(extension: Any, **more: Any) -> str:
    made = ApiToken(extension=extension, name="Script", **{"scopes": list(SCOPES), **more})
    key = made.set_key()
    made.save()
    return key


def service(name: str = "Shop", **more: Any) -> tuple[Door, str]:
    door = Door(name=name, kind=Door.REST, client_id=name, **{"scopes": list(SCOPES), **more})
    key = door.set_key()
    door.save()
    return door, key


@pytest.fixture
def scene(db: None, inline: None) -> Scene:
    return build()


@pytest.fixture
def agent(scene: Scene) -> Api:
    return Api(token(scene.first), scene)


@pytest.fixture
def shop(scene: Scene) -> Api:
    return Api(service()[1], scene)
