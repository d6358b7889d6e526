"""Instagram: direct messages of a professional account, by either of Meta's two products.

With Instagram Login the account has a token of its own; without it, the linked page's is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms

from ..base import READ, Report, Secret, Talk, WebhookRequest
from ..reading import field_of
from ._meta import MetaProvider, said
from ._meta_pages import PageMessaging, when
from ._tree import branches, first

FACEBOOK = "facebook"
LOGINS = [("instagram", "Instagram Login"), (FACEBOOK, "The linked Facebook page")]


class Adapter(PageMessaging):
    name = "Instagram"
    default_api_address = "https://graph.instagram.com"
    network = "instagram"
    has_reports = False  # only that a message was read
    max_text = 1000
    text_unit = "bytes"
    named = ("name", "username")
    wanted = "messages,message_reactions,messaging_postbacks,messaging_seen"
    own_address_help = "The Instagram account's ID, digits only, as the portal shows it."
    customer_help = "The customer's ID at this account."
    setup = """1. At developers.facebook.com open your app, add the product Instagram, and choose \
API setup with Instagram login.
2. Add the account, make an access token for it and copy it here. Copy the Instagram app secret of \
the same page as well: it is another one than the app's.
3. Save the channel, and add the account's ID as its number.
4. On the same page, under Configure webhooks, enter as callback URL:
{webhook_url}
5. Beside it enter the verify token chosen here.
6. Press "Register this address" here: it subscribes the app to the account."""

    class Credentials(PageMessaging.Credentials):
        login = forms.ChoiceField(
            label="Kind of access",
            choices=LOGINS,
            required=False,
            help_text="Whose token it is. A token of Instagram Login ends after 60 days.",
        )
        app_secret = Secret(
            label="App secret",
            help_text="With Instagram Login the Instagram app secret, else the app's own.",
        )

    def __init__(self, credentials: Mapping[str, Any], api_address: str = "") -> None:
        page = credentials.get("login") == FACEBOOK
        super().__init__(
            credentials, api_address or (MetaProvider.default_api_address if page else "")
        )
        self.page = page

    def check_credentials(self) -> Talk[None]:
        asked = "instagram_business_account" if self.page else "user_id,username"
        answer = yield self.ask("GET", "/me", params={"fields": asked}, sends=False)
        _ = answer.json()[asked.partition(",")[0]]

    def name_of(self, found: Any) -> str:
        return field_of(found, *self.named)

    def told(self, request: WebhookRequest) -> Iterator[Mapping[str, Any]]:
        yield from super().told(request)
        # The portal's test messages come in the form of other products.
        for each in branches(said(request), "entry.*.changes.*"):
            value = each.get("value") if isinstance(each, dict) else None
            if isinstance(value, dict) and each.get("field") == "messages":
                yield value

    def parse_status(self, request: WebhookRequest) -> Iterable[Report]:
        for each in self.told(request):
            if key := first(each, "read.mid"):
                yield Report(READ, key, at=when(each))
