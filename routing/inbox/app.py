"""What makes the inbox an app: the worker of its shell, and the page for times without a line."""

from __future__ import annotations

import hashlib

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..policy import strict

#: All that is kept in the browser: what the page for times without a line is made of.
SHELL = ("inbox/inbox.css", "inbox/app.css", "inbox/offline.js", "inbox/mark.svg")


@require_safe
@strict
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. Its text changes with the shell, which makes browsers fetch that anew."""
    context = {
        "offline": reverse("offline"),
        "shell": [static(path) for path in SHELL],
        "version": _version(),
        "icon": static("inbox/icon-192.png"),
        "badge": static("inbox/badge.png"),
    }
    return render(request, "inbox/worker.js", context, content_type="text/javascript")


def _version() -> str:
    digest = hashlib.sha256()
    for path in SHELL:
        if found := finders.find(path):
            with open(found, "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()[:12]


@require_safe
@never_cache
@strict
def offline(request: HttpRequest) -> HttpResponse:
    """What the worker shows while the server cannot be reached."""
    return render(request, "inbox/offline.html")
