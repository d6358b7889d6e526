"""The administrator's pages about closing sessions, and about who read along."""

from __future__ import annotations

import pytest
from django.test import Client

from routing import desk
from routing.models import Category, ClosingRule, Listening

from .factories import ExtensionFactory, QueueFactory, SessionFactory

pytestmark = pytest.mark.django_db


def test_categories_and_rules_are_made_and_each_once(admin_client: Client) -> None:
    queue = QueueFactory(name="Support")
    for name, where in (("Invoice", ""), ("Invoice", queue.pk)):
        form = {"name": name, "queue": where}
        assert admin_client.post("/admin/routing/category/add/", form).status_code == 302
    twice = admin_client.post("/admin/routing/category/add/", {"name": "Invoice", "queue": ""})
    assert twice.status_code == 200 and Category.objects.count() == 2
    form = {"queue": "", "category": "must", "note": "may"}
    assert admin_client.post("/admin/routing/closingrule/add/", form).status_code == 302
    assert admin_client.post("/admin/routing/closingrule/add/", form).status_code == 200
    assert ClosingRule.objects.count() == 1
    page = admin_client.get("/admin/routing/category/").content.decode()
    assert "all sessions" in page and "Support" in page
    assert "Must be given" in admin_client.get("/admin/routing/closingrule/").content.decode()


def test_who_read_along_is_shown_and_cannot_be_changed(admin_client: Client) -> None:
    boss = ExtensionFactory(name="Boss")
    desk.note_listening(boss, SessionFactory())
    page = admin_client.get("/admin/routing/listening/").content.decode()
    assert "Boss" in page
    address = f"/admin/routing/listening/{Listening.objects.get().pk}/"
    assert admin_client.get(f"{address}change/").status_code == 200
    assert admin_client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get("/admin/routing/listening/add/").status_code == 403
