"""The REST API's addresses."""

from __future__ import annotations

from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from . import (  # fmt: skip
    bulk,
    channels,
    events,
    hooks,
    messages,
    oauth,
    pages,
    people,
    problems,
    sessions,
    statistics,
    uploads,
)

router = SimpleRouter(trailing_slash=False)
for name, resource in {
    "channels": channels.Channels,
    "numbers": channels.Numbers,
    "queues": people.Queues,
    "extensions": people.Extensions,
    "customers": people.Customers,
    "sessions": sessions.Sessions,
    "messages": messages.Messages,
    "files": uploads.Files,
    "campaigns": bulk.Campaigns,
    "events": events.Events,
    "statistics": statistics.Statistics,
    "webhooks": hooks.Webhooks,
}.items():
    router.register(name, resource, basename=name)

urlpatterns = [
    path("schema", pages.Document.as_view(), name="rest-schema"),
    path("docs", pages.swagger, name="rest-docs"),
    path("redoc", pages.redoc, name="rest-redoc"),
    path("oauth/token", oauth.token, name="rest-token"),
    path("oauth/revoke", oauth.revoke, name="rest-revoke"),
    path("", include(router.urls)),
    re_path("", problems.nothing_here),
]
