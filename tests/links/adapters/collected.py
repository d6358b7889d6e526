"""A provider for tests that must be asked for what customers wrote."""

from __future__ import annotations

from django import forms

from providers.base import Batch, HttpProvider, Inbound, Outbound, Secret, Talk


class Adapter(HttpProvider):
    name = "Collected"
    collects_every = 0.2
    setup = "1. Nothing. {webhook_url}"

    class Credentials(forms.Form):
        key = Secret(required=False)

    def send(self, message: Outbound) -> Talk[str]:
        fields = {"to": message.recipient, "text": message.text}
        answer = yield self.call("POST", "/send", json=fields)
        return str(answer.json()["id"])

    def collect(self, cursor: str) -> Talk[Batch]:
        headers = {"Authorization": f"Bearer {self.credentials.get('key', '')}"}
        url = f"/since/{cursor or 0}"
        found = (yield self.call("GET", url, headers=headers, sends=False)).json()
        events = tuple(
            Inbound(each["from"], each["to"], each["text"], provider_id=each["id"])
            for each in found["messages"]
        )
        ids = tuple(each.provider_id for each in events)
        return Batch(events, found["cursor"], confirm=ids, more=found.get("more", False))

    def confirm(self, names: tuple[str, ...]) -> Talk[None]:
        yield self.call("POST", "/confirm", json=list(names), sends=False)
