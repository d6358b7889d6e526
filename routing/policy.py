"""The headers that every page of ours carries."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from .language import speak

View = Callable[..., HttpResponse]

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self'; manifest-src 'self'; "
    "object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def strict(view: View) -> View:
    """The view with a Content-Security-Policy and without a place in any cache.

    It is written in the language of the browser; ``agent`` knows better.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        speak(request)
        response = view(request, *args, **kwargs)
        response["Content-Security-Policy"] = POLICY
        response["Cache-Control"] = "no-store, private"
        # One address answers with the page or with a fragment of it.
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    return guarded
