"""A Parley with doors, a provider and a PBX on loopback, and those who knock."""

from __future__ import annotations

import itertools
import json
from typing import Any
from xml.etree import ElementTree

import requests

from routing.models import tokens

from ..stories.system import System
from ..stories.test_sending import Accepting
from ..stories.vendor import Vendor

OURS, SECOND, OTHERS, PLAIN, BUSY, CRMS = (f"+4179123451{n}" for n in range(6))
KEY, OTHER_KEY = "a-key-of-the-branch-pbx", "a-key-of-another-pbx"
SECRET = "a-secret-of-the-branch"
REST_KEY = "a-key-of-the-shop"
SCOPES = ", ".join(tokens.SCOPES)
FILES_TYPE = "image/png"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)

CONFIGURATION = f"""
extensions:
  - {{number: "1001", name: First Extension, username: first, password: first-password-1}}
queues:
  - {{name: Support, members: ["1001"]}}
channels:
  - name: Example
    provider: general
    credentials: {{api_key: KEY}}
    api_address: "%(provider)s"
    rate: 1000
    numbers:
      - {{number: "{OURS}", inbound: {{extension: "1001"}}}}
      - {{number: "{SECOND}", inbound: {{queue: Support}}}}
      - {{number: "{OTHERS}", inbound: {{queue: Support}}}}
      - {{number: "{BUSY}", inbound: {{queue: Support}}}}
      - {{number: "{CRMS}", inbound: {{platform: CRM}}}}
  - name: Text only
    provider: aspsms
    credentials: {{user_key: KEY, password: SECRET}}
    api_address: "%(provider)s"
    paused: true
    numbers:
      - {{number: "{PLAIN}", inbound: {{queue: Support}}}}
doors:
  - name: Branch PBX
    kind: yeastar_sms
    sender: "{OURS}"
    senders: ["{SECOND}"]
    key: {KEY}
    webhook: "%(pbx)s/api/v1.0/webhook/general/0123456789abcdef0123456789abcdef"
    secret: {SECRET}
  - {{name: Other PBX, kind: yeastar_sms, sender: "{OTHERS}", key: {OTHER_KEY}}}
  - {{name: Text PBX, kind: yeastar_sms, sender: "{PLAIN}", key: key-of-the-text-pbx}}
  - {{name: Slow PBX, kind: yeastar_sms, sender: "{BUSY}", key: key-of-the-slow-pbx, per_second: 1}}
  - {{name: Small PBX, kind: yeastar_sms, sender: "{BUSY}", key: key-of-the-small-pbx, per_day: 2}}
  - {{name: Off PBX, kind: yeastar_sms, sender: "{BUSY}", key: key-of-the-off-pbx, active: false}}
  - name: Far PBX
    kind: yeastar_sms
    sender: "{BUSY}"
    key: key-of-the-far-pbx
    allowed: [198.51.100.0/24]
    denied: [198.51.100.7]
  - {{name: Made PBX, kind: yeastar_sms, sender: "{BUSY}"}}
  - name: Old scripts
    kind: ozeki
    extension: "9994"
    sender: "{OURS}"
    senders: ["{SECOND}"]
    webhook: "%(pbx)s/incoming.php"
  - name: Users
    kind: ozeki
    extension: "9995"
    sender: "{OTHERS}"
    users: {{user1000: mypassword12, "ann:b": "pass word"}}
  - name: Others
    kind: ozeki
    extension: "9996"
    sender: "{OTHERS}"
    users: {{stranger: hispassword1}}
  - {{name: Shut, kind: ozeki, extension: "9997", sender: "{OTHERS}", active: false}}
  - name: Fenced
    kind: ozeki
    extension: "9998"
    sender: "{OTHERS}"
    allowed: [198.51.100.0/24]
    denied: [198.51.100.7]
  - {{name: Old PBX, kind: ozeki, extension: "9990", sender: "{PLAIN}", users: {{u: passw0rd}}}}
  - {{name: CRM, kind: openapi, client_id: crm, webhook: "%(pbx)s/crm"}}
  - name: Shop
    kind: rest
    client_id: shop
    key: {REST_KEY}
    scopes: [{SCOPES}]
    per_second: 500
  - {{name: Few, kind: ozeki, extension: "9991", sender: "{BUSY}", users: {{u: pw}}, per_day: 1}}
"""

_people = itertools.count(1)


def somebody() -> str:
    """A customer whom nobody knows yet."""
    return f"+4178{next(_people):07d}"


class House:
    """The system, and the loopback servers around it."""

    def __init__(self, parley: System, provider: Vendor, pbx: Vendor) -> None:
        self.parley, self.provider, self.pbx = parley, provider, pbx

    def sent(self, recipient: str) -> list[dict[str, Any]]:
        """What the provider was asked to send to this customer."""
        asked = [json.loads(each.body) for each in list(self.provider.requests) if each.body]
        return [each for each in asked if each.get("to") == recipient]

    def arrives(self, sender: str, text: str, to: str = OURS, **payload: Any) -> None:
        """A customer's text comes from the provider."""
        message = {
            "id": f"in-{next(_people)}",
            "from": {"phone_number": sender},
            "to": [{"phone_number": to}],
            "text": text,
            "received_at": "2026-03-01T10:00:00.000+00:00",
            **payload,
        }
        self._tell("message.received", message)

    def delivered(self, provider_id: str, recipient: str) -> None:
        """The provider reports that it delivered a message."""
        to = [{"phone_number": recipient, "status": "delivered"}]
        self._tell("message.finalized", {"id": provider_id, "to": to})

    def _tell(self, event: str, payload: dict[str, Any]) -> None:
        body = {"data": {"event_type": event, "id": payload["id"], "payload": payload}}
        answer = requests.post(self.parley.webhook_url("Example"), json=body, timeout=20)
        assert answer.status_code == 200, answer.text

    def pbx_sends(
        self, body: Any = None, *, key: str = KEY, remote: str = "", **headers: str
    ) -> requests.Response:
        """POST to the door as a PBX does; ``remote`` is where it seems to come from."""
        more = {"X-Forwarded-For": remote} if remote else {}
        authorization = {"Authorization": f"Bearer {key}"} if key else {}
        return requests.post(
            f"{self.parley.url}/api/v1/integration/yeastar/sms/sendmessage",
            data=body if isinstance(body, bytes) else json.dumps(body),
            headers={"Content-Type": "application/json", **authorization, **more, **headers},
            timeout=60,
        )

    def verify(self, key: str = KEY, **query: str) -> requests.Response:
        return requests.get(
            f"{self.parley.url}/api/v1/integration/yeastar/sms/verify",
            params=query,
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )

    def script(
        self, query: str, path: str = "/ozeki", *, remote: str = "", form: str | None = None
    ) -> dict[str, str]:
        """What a script is answered: the elements of the XML by name, by GET or with a form."""
        answer = self.raw_script(query, path, remote=remote, form=form)
        root = ElementTree.fromstring(answer.content)
        assert root.tag == "Response"
        return {each.tag: each.text or "" for each in root}

    def raw_script(
        self, query: str, path: str = "/ozeki", *, remote: str = "", form: str | None = None
    ) -> requests.Response:
        url = f"{self.parley.url}{path}" + (f"?{query}" if query else "")
        headers = {"X-Forwarded-For": remote} if remote else {}
        if form is None:
            answer = requests.get(url, headers=headers, timeout=60)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            answer = requests.post(url, data=form.encode("latin-1"), headers=headers, timeout=60)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("application/xml")
        assert answer.content.startswith(b'<?xml version="1.0"?>')
        return answer


def error(answer: requests.Response) -> tuple[int, str, str]:
    """The HTTP status, code and title of the only error."""
    (found,) = answer.json()["errors"]
    assert found["detail"]
    return answer.status_code, found["code"], found["title"]


def servers() -> tuple[Vendor, Vendor]:
    return Vendor(Accepting()), Vendor()
