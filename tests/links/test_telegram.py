"""A Telegram bot: collected from while it has no webhook, answered in its pace, connected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..stories.vendor import Request, Response, Vendor
from .house import House

pytestmark = [pytest.mark.story]

TOKEN = "123456789:MADE-UP"
CHAT = 987654321
PHOTO = b"\xff\xd8\xff\xe0" + bytes(5_000)
ANSWER = """
from routing import desk
from routing.models import Extension, Session
agent, session = Extension.objects.get(), Session.objects.get()
desk.pick_up(agent, session)
for text in ("one", "two"):
    desk.write(agent, session, text)
"""
CONNECT = """
from channels_app.models import Channel
from routing.asking import connect
print(connect(Channel.objects.get()))
"""
BRING = """
from channels_app.models import Channel
from providers.base import WebhookRequest
from routing.intake import receive
headers = {{"x-telegram-bot-api-secret-token": {secret!r}}}
request = WebhookRequest(headers=headers, body={update!r}.encode())
print(receive("telegram", Channel.objects.get().webhook_token, request).status)
"""


def update(number: int, **content: Any) -> dict[str, Any]:
    chat = {"id": CHAT, "type": "private", "first_name": "Anna"}
    said = {"message_id": number, "chat": chat, "from": chat, "date": 1773478800}
    return {"update_id": number, "message": {**said, **content}}


class BotApi:
    """Telegram, as far as a bot sees it."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {}
        self.sent: list[tuple[str, float]] = []

    def __call__(self, request: Request) -> Response:
        if request.path.startswith(f"/file/bot{TOKEN}/"):
            return Response(PHOTO)
        asked = json.loads(request.body)
        found = getattr(self, request.path.removeprefix(f"/bot{TOKEN}/"))(asked, request.at)
        return found if isinstance(found, Response) else Response({"ok": True, "result": found})

    def getUpdates(self, asked: dict[str, Any], at: float) -> Any:
        if self.webhook:
            said = "Conflict: can't use getUpdates method while webhook is active"
            return Response({"ok": False, "error_code": 409, "description": said}, 409)
        self.waiting = [u for u in self.waiting if u["update_id"] >= asked.get("offset", 0)]
        return list(self.waiting)

    def getFile(self, asked: dict[str, Any], at: float) -> Any:
        return {"file_id": asked["file_id"], "file_path": "photos/1.jpg"}

    def setWebhook(self, asked: dict[str, Any], at: float) -> Any:
        self.webhook = asked
        return True

    def sendMessage(self, asked: dict[str, Any], at: float) -> Any:
        assert asked["chat_id"] == str(CHAT)
        self.sent.append((asked["text"], at))
        return {"message_id": 100 + len(self.sent), "chat": {"id": CHAT}}


def test_a_bot_is_collected_from_answered_and_connected() -> None:
    api = BotApi()
    api.waiting = [update(1, text="Hi"), update(2, photo=[{"file_id": "F1"}], caption="My roof")]
    with (
        Vendor(api) as vendor,
        House(
            vendor.url,
            provider="telegram",
            credentials=f'{{token: "{TOKEN}"}}',
            number="123456789",
            workers=1,
            beat=True,
        ) as parley,
    ):
        parley.start_links()
        parley.wait(lambda: parley.received() == ["Hi", "My roof"], 30)
        parley.wait(lambda: not api.waiting, 10)  # forgotten there, once they are stored here
        states = "SELECT state, size FROM routing_attachment"
        parley.wait(lambda: parley.sql(states) == [("kept", len(PHOTO))], 60)

        parley.manage("shell", "-c", ANSWER)
        parley.wait(lambda: parley.states() == {"sent": 2}, 20)
        assert sorted(text for text, _ in api.sent) == ["one", "two"]
        assert abs(api.sent[1][1] - api.sent[0][1]) > 0.9  # a message a second to each customer

        parley.manage("shell", "-c", CONNECT)
        assert api.webhook["url"].startswith(parley.url)
        said = {
            "secret": api.webhook["secret_token"],
            "update": json.dumps(update(3, text="Brought")),
        }
        parley.manage("shell", "-c", BRING.format(**said))
        parley.wait(lambda: parley.received() == ["Hi", "My roof", "Brought"], 10)
        parley.manage("shell", "-c", BRING.format(**{**said, "secret": "wrong"}))
        assert len(parley.received()) == 3
        assert parley.fault() == ""
        kept = str(parley.sql("SELECT calls FROM routing_exchange"))
        assert TOKEN not in kept and api.webhook["secret_token"] not in kept
