"""The OpenAPI document, and two ways to read it, from files of our own."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView

from .problems import handler

#: These readers set styles by script; nothing else of the strict policy is given up.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class Document(SpectacularAPIView):
    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (OpenApiJsonRenderer, OpenApiYamlRenderer)

    def get_exception_handler(self) -> object:
        return handler


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    return _reader(request, "rest/swagger.html")


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    return _reader(request, "rest/redoc.html")


def _reader(request: HttpRequest, template: str) -> HttpResponse:
    page = render(request, template)
    page["Content-Security-Policy"] = POLICY
    return page
