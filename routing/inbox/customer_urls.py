"""The addresses of the customers' pages, and of the panel beside a thread."""

from __future__ import annotations

from django.urls import path

from . import customers, importing, panel, tag_many

one, session = "customers/<int:pk>/", "s/<int:pk>/"

urlpatterns = [
    path("customers/", customers.customers, name="customers"),
    path("customers/new/", customers.new, name="new-customer"),
    path("customers/filters/", customers.filters, name="customer-filters"),
    path("customers/import/", importing.upload, name="new-import"),
    path("customers/import/<int:pk>/", importing.page, name="import"),
    path("customers/import/<int:pk>/act/", importing.act, name="act-import"),
    path("customers/export/", importing.export, name="export-customers"),
    path("customers/duplicates/", customers.duplicates, name="duplicates"),
    path(one, customers.customer, name="customer"),
    path(one + "edit/", customers.edit, name="edit-customer"),
    path(one + "delete/", customers.delete, name="delete-customer"),
    path(one + "merge/", customers.merge, name="merge-customer"),
    path("many/tag/", tag_many.dialog, name="many-tag"),
    path("panel/", panel.remember, name="remember-panel"),
    path(session + "panel/", panel.panel, name="panel"),
    path(session + "card/", panel.card, name="session-card"),
    path(session + "join/", panel.join, name="join-card"),
    path(session + "tags/", panel.tags, name="session-tags"),
]
