"""The sidebar, and the label that tells a demo from the real thing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from routing.models import Held

# Group, then its pages: title, icon, application, model.
PAGES: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "Set up",
        (
            ("Channels", "cell_tower", "channels_app", "channel"),
            ("Extensions", "support_agent", "routing", "extension"),
            ("Message queues", "groups", "routing", "queue"),
            ("Canned replies", "quickreply", "routing", "cannedreply"),
            ("Categories", "label", "routing", "category"),
            ("Closing rules", "task_alt", "routing", "closingrule"),
            ("Platforms", "hub", "routing", "platform"),
            ("Doors", "door_front", "routing", "door"),
            ("Webhooks", "webhook", "routing", "webhook"),
            ("Templates", "article", "channels_app", "template"),
        ),
    ),
    (
        "Customers",
        (
            ("Customers", "contacts", "routing", "card"),
            ("Addresses", "alternate_email", "routing", "customer"),
            ("Tags", "sell", "routing", "tag"),
            ("Customer fields", "list_alt", "routing", "cardfield"),
            ("Address book", "menu_book", "routing", "addressbook"),
            ("Imports", "upload_file", "routing", "cardimport"),
            ("Changes of customers", "history", "routing", "cardevent"),
            ("Erased customers", "person_off", "routing", "erasure"),
        ),
    ),
    (
        "Traffic",
        (
            ("Sessions", "forum", "routing", "session"),
            ("Messages", "sms", "routing", "message"),
            ("Campaigns", "campaign", "routing", "campaign"),
            ("Held requests", "front_hand", "routing", "held"),
            ("Platform events", "outbox", "routing", "platformevent"),
            ("Webhook deliveries", "webhook", "routing", "delivery"),
            ("Log of exchanges", "receipt_long", "routing", "exchange"),
        ),
    ),
    (
        "Access",
        (
            ("Users", "person", "auth", "user"),
            ("Personal tokens", "key", "routing", "apitoken"),
            ("Groups", "shield_person", "auth", "group"),
            ("Supervisors' reading", "visibility", "routing", "listening"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of pages that this user may see."""
    groups = [{"title": "", "items": [_item("Overview", "dashboard", reverse("admin:index"))]}]
    for title, pages in PAGES:
        items = [
            _item(name, icon, reverse(f"admin:{app}_{model}_changelist"))
            | _badge(request, app, model)
            for name, icon, app, model in pages
            if request.user.has_perm(f"{app}.view_{model}")
            or request.user.has_perm(f"{app}.change_{model}")
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


def _item(title: str, icon: str, link: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link}


def _badge(request: HttpRequest, app: str, model: str) -> dict[str, Any]:
    if (app, model) != ("routing", "held"):
        return {}
    waiting = Held.objects.filter(settled_at=None).count()
    return {"badge": str(waiting), "badge_variant": "warning"} if waiting else {}


def environment(request: HttpRequest) -> list[str] | None:
    """The label at the top: a demo or a development server says so."""
    if settings.DEMO:
        return ["Demo", "warning"]
    return ["Development", "info"] if settings.DEBUG else None
