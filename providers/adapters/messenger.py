"""Facebook Messenger: texts and files of a page, with watermarks for what was read."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from ..base import DELIVERED, READ, Call, Report, Talk, WebhookRequest
from ..reading import field_of, unix
from ._meta_pages import PageMessaging, when
from ._tree import first, values

STATUSES = {"delivery": DELIVERED, "read": READ}


class Adapter(PageMessaging):
    name = "Messenger"
    network = "messenger"
    max_text = 2000
    response = {"messaging_type": "RESPONSE"}
    named = ("first_name", "last_name")
    wanted = "messages,message_deliveries,message_reads,messaging_postbacks"
    own_address_help = "The page's ID, digits only: on the page under About, Page transparency."
    customer_help = "The customer's ID at this page."
    setup = """1. At developers.facebook.com open your app, and add the product Messenger.
2. Under Messenger, Messenger API Settings, add the page, and make an access token for it. Copy it \
here, and the app secret as well.
3. Save the channel, and add the page's ID as its number.
4. In the app's Messenger settings, under Webhooks, enter as callback URL:
{webhook_url}
5. Beside it enter the verify token chosen here.
6. Press "Register this address" here: it subscribes the app to the page."""

    def ask(self, method: str, path: str, **kwargs: Any) -> Call:
        """Every call proves that it comes from the app's server, should the app demand it."""
        key, token = (str(self.credentials[n]).encode() for n in ("app_secret", "access_token"))
        proof = {"appsecret_proof": hmac.new(key, token, hashlib.sha256).hexdigest()}
        return super().ask(method, path, params={**kwargs.pop("params", {}), **proof}, **kwargs)

    def check_credentials(self) -> Talk[None]:
        answer = yield self.ask("GET", "/me", params={"fields": "id,name"}, sends=False)
        _ = answer.json()["id"]

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        for each in self.told(request):
            for kind, status in STATUSES.items():
                names = values(each, f"{kind}.mids.*")
                until = unix(field_of(each.get(kind), "watermark"))
                if names:
                    yield from (Report(status, name, at=until or when(each)) for name in names)
                elif until:
                    customer = first(each, "sender.id")
                    yield Report(status, at=until, customer=customer, up_to=until)
