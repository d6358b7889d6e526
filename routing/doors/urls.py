"""The doors' addresses."""

from __future__ import annotations

from django.urls import include, path, re_path

from . import scripts, yeastar_sms
from .openapi import view as openapi

urlpatterns = [
    re_path(r"^api/v1/integration/yeastar/sms/verify/?$", yeastar_sms.verify, name="pbx-verify"),
    re_path(
        r"^api/v1/integration/yeastar/sms/sendmessage/?$", yeastar_sms.send_message, name="pbx-send"
    ),
    path("api/v1/", include("routing.doors.rest.urls")),
    re_path(r"^ozeki/?$", scripts.view, name="ozeki"),
    re_path(r"^api/?$", scripts.view),  # where the gateways have it
    re_path(r"^openapi/(?P<version>[^/]{1,16})/(?P<name>.*)$", openapi.view, name="openapi"),
]
