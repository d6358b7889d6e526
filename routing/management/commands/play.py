"""manage.py play PROVIDER FIXTURE: replay a recorded webhook against a running channel."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Max

from channels_app.models import Channel
from providers.base import Call, WebhookRequest
from providers.errors import ProviderError, WebhookError
from providers.http import Carrier
from providers.recorded import request_of
from routing.models import Exchange, Message

FIXTURES = Path(settings.BASE_DIR) / "tests" / "providers" / "fixtures"
OWN_HEADERS = {"host", "content-length"}  # the carrier writes them itself


class Command(BaseCommand):
    help = "Sends a recorded webhook to a running channel over HTTP, and says what came of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", help="the provider's slug")
        parser.add_argument("fixture", help="a fixture of this provider, or the path of a file")
        parser.add_argument("--channel", help="the channel's name, if the provider has several")
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="default: PUBLIC_URL")

    def handle(
        self, *args: Any, provider: str, fixture: str, channel: str, url: str, **options: Any
    ) -> None:
        found = _channel(provider, channel)
        request = request_of(_webhook(provider, fixture), url.rstrip("/") + found.webhook_path)
        signed = self.signed(found, request)
        before = _last()
        call = Call(
            request.method,
            request.url,
            body=request.body or None,
            headers=signed,
            sends=False,
        )
        try:
            answer = Carrier(allow_private=True).perform(call)
        except ProviderError as error:
            raise CommandError(error.reason) from None
        self.stdout.write(f"HTTP {answer.status} {answer.text[:500]}".rstrip())
        for line in _came_of_it(found, before):
            self.stdout.write(line)
        if answer.status >= 300:
            raise CommandError("The channel did not take it.")

    def signed(self, channel: Channel, request: WebhookRequest) -> dict[str, str]:
        """The request's headers, signed anew where the channel's secret is not the fixture's."""
        headers = {n: v for n, v in request.headers.items() if n not in OWN_HEADERS}
        # What a provider signs begins with the address by which it knows us.
        public = settings.PUBLIC_URL + request.url[request.url.index("/api/") :]
        seen = WebhookRequest(
            method=request.method,
            url=public,
            tail=request.tail,
            query=request.query_string,
            headers=headers,
            body=request.body,
        )
        try:
            channel.adapter.verify_webhook(seen)
            return headers
        except WebhookError as error:
            refused = error.reason
        anew = channel.adapter.signature(seen)
        if not anew:
            self.stderr.write(
                f"Parley cannot sign for {channel.adapter.name} with this channel's credentials, "
                f"so it will say: {refused}"
            )
        else:
            self.stderr.write("Signed anew with the channel's secret.")
        return {**headers, **anew}


def _channel(provider: str, name: str | None) -> Channel:
    channels = Channel.objects.filter(provider=provider)
    if name:
        channels = channels.filter(name=name)
    found = list(channels.order_by("name"))
    if not found:
        raise CommandError(f"There is no such channel of the provider {provider!r}.")
    if len(found) > 1:
        names = ", ".join(str(each) for each in found)
        raise CommandError(f"Say which channel, with --channel: {names}.")
    return found[0]


def _webhook(provider: str, fixture: str) -> dict[str, Any]:
    path = FIXTURES / provider / f"{fixture}.json"
    path = path if path.exists() else Path(fixture)
    try:
        told = json.loads(path.read_text())["webhook"]
    except OSError:
        known = [each.stem for each in sorted((FIXTURES / provider).glob("*.json"))]
        raise CommandError(f"There is no fixture {fixture!r}; known: {', '.join(known)}.") from None
    except ValueError:
        raise CommandError(f"{path} is not JSON.") from None
    except (KeyError, TypeError):
        raise CommandError(f"{path} holds no webhook: only those can be played.") from None
    told.pop("url", None)  # the address of another channel
    found: dict[str, Any] = told
    return found


def _last() -> tuple[int, int]:
    last = [each.objects.aggregate(last=Max("pk"))["last"] or 0 for each in (Exchange, Message)]
    return last[0], last[1]


def _came_of_it(channel: Channel, before: tuple[int, int]) -> list[str]:
    """What the channel's log and inbox have that they had not before."""
    exchanges = Exchange.objects.filter(channel=channel, pk__gt=before[0], kind=Exchange.WEBHOOK)
    messages = Message.objects.filter(channel=channel, pk__gt=before[1]).order_by("pk")
    lines = [f"{each.get_kind_display()}: {each.outcome}. {each.reason}" for each in exchanges]
    for each in messages.select_related("session"):
        files = " with files" if each.has_files else ""
        lines.append(
            f"Message {each.pk}{files} from {each.sender} in session {each.session_id}: {each.text}"
        )
    if not messages:
        lines.append("No new message: a report, a repetition, or refused.")
    return [line.rstrip() for line in lines]
