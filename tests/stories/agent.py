"""An agent at the inbox, by HTTP as a browser would, without one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import requests

from .system import System


class Agent:
    """``Agent(parley, "first", "password")``: logged in, or AssertionError."""

    def __init__(self, parley: System, username: str, password: str) -> None:
        self.url = parley.url
        self.http = requests.Session()
        self.http.get(f"{self.url}/login/", timeout=20)
        answer = self._post("/login/", {"username": username, "password": password})
        assert answer.url == f"{self.url}/", answer.text

    def _post(self, path: str, fields: dict[str, Any], **more: Any) -> requests.Response:
        token = self.http.cookies["csrftoken"]
        headers = {"Referer": self.url}
        return self.http.post(
            self.url + path,
            {**fields, "csrfmiddlewaretoken": token},
            headers=headers,
            timeout=60,
            **more,
        )

    def page(self, path: str = "/") -> str:
        """The page's HTML."""
        answer = self.http.get(self.url + path, timeout=20)
        assert answer.status_code == 200, answer.status_code
        return answer.text

    def sessions(self) -> list[int]:
        """The sessions in the list, newest first."""
        found = re.findall(r'href="/s/(\d+)/', self.page("/?view=all"))
        return [int(pk) for pk in dict.fromkeys(found)]

    def answer(self, session: int, text: str, *files: Path) -> None:
        """Pick up if it waits, and send an answer."""
        upload = [("files", (file.name, file.read_bytes(), "image/png")) for file in files]
        fields = {"text": text, "client_key": f"{session}-{text}"}
        answer = self._post(f"/s/{session}/write/", fields, files=upload or None)
        assert answer.status_code == 200, (answer.status_code, answer.text[:500])
