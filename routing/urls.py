"""Routing's addresses: providers, files, the virtual phone, other systems, agents."""

from __future__ import annotations

from django.urls import include, path, re_path

from . import files, webhooks
from .doors import scripts
from .inbox import pages

_webhook = r"^api/v1\.0/webhook/(?P<provider>[a-z0-9_-]{1,32})/(?P<token>[0-9a-f]{32})"

urlpatterns = [
    re_path(_webhook + r"(?:/(?P<tail>.*))?$", webhooks.view, name="webhook"),
    re_path(r"^panel/tickets/incoming/", webhooks.view, name="incoming"),
    path("files/<int:pk>/", files.own_file, name="own-file"),
    path("files/<str:token>/<str:name>", files.shared_file, name="shared-file"),
    path("phone/", include("routing.phone.urls")),
    path("", include("routing.doors.urls")),
    path("", scripts.at(pages.inbox)),
    path("", include("routing.inbox.urls")),
]
