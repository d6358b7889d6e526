"""Where old scripts come in: Ozeki's commands and its gateways' actions, told apart by parameters.

They have an address of their own; as scripts may be told no more than another host, they are also
taken where people's browsers find the inbox.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from . import forms, gateway, ozeki


def is_asked(request: HttpRequest) -> bool:
    """Whether a request is for this door, wherever it came."""
    try:
        found = forms.read(request)
    except forms.Unreadable:
        found = forms.Parameters(list(request.GET.items()))
    return "command" in found or gateway.is_asked(found)


@csrf_exempt
def view(request: HttpRequest) -> HttpResponse:
    try:
        found = forms.read(request)
    except forms.Unreadable as error:
        return ozeki.unreadable(error)
    if "command" not in found and gateway.is_asked(found):
        return gateway.answer(request, found)
    return ozeki.answer(request, found)


def at(page: Callable[..., Any]) -> Callable[[HttpRequest], Any]:
    """The page, where a request with a command reaches this door instead."""
    protected = csrf_protect(page)

    @csrf_exempt
    def either(request: HttpRequest) -> Any:
        return view(request) if is_asked(request) else protected(request)

    return either
