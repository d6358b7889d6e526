"""In which language and time zone a page is written: the agent's choice, else the browser's.

Nothing but pages for people is translated. What is stored, and what other systems read, keeps the
language of the installation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views import defaults

from .models import AgentSettings
from .models.speech import zones

#: Where a page's script tells the browser's time zone; see static/inbox/zone.js.
COOKIE = "zone"


def apart(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: every request begins in the installation's language and zone.

    A thread serves many people; none of them must find the language of the one before.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        with translation.override(settings.LANGUAGE_CODE), timezone.override(None):
            return get_response(request)

    return middleware


def speak(request: HttpRequest, mine: AgentSettings | None = None) -> None:
    """Write the rest of this answer in the agent's language and zone, or in the browser's."""
    wanted = mine.language if mine else ""
    translation.activate(wanted or translation.get_language_from_request(request))
    request.LANGUAGE_CODE = translation.get_language()
    zone = _known((mine.time_zone if mine else "") or request.COOKIES.get(COOKIE, ""))
    if zone:
        timezone.activate(zone)
    else:
        timezone.deactivate()


@contextmanager
def spoken_to(mine: AgentSettings) -> Iterator[None]:
    """What is written in here is for this agent, who is not asking now."""
    zone = _known(mine.time_zone)
    with (
        translation.override(mine.language or settings.LANGUAGE_CODE),
        timezone.override(zone),
    ):
        yield


def not_found(request: HttpRequest, exception: Exception, **more: Any) -> HttpResponse:
    """The page that says that there is none. An agent's view has chosen the language before."""
    if not hasattr(request, "LANGUAGE_CODE"):
        speak(request)
    return defaults.page_not_found(request, exception, **more)


@lru_cache(1000)
def _known(name: str) -> ZoneInfo | None:
    return ZoneInfo(name) if name in zones() else None
