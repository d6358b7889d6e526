"""What people write, as HTML: escaped, with links that say where they really lead."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from urllib.parse import unquote, urlsplit

from django.utils.html import escape, urlize
from django.utils.safestring import SafeString, mark_safe

SAFE = 'rel="nofollow noopener noreferrer" target="_blank"'
MAYBE = re.compile(r"[.@:]\S")  # without it there is no address in a text
LINK = re.compile(r'<a href="([^"]*)" rel="nofollow">(.*?)</a>|<a href="(mailto:[^"]*)">')
SHOWN = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)


@lru_cache(2000)
def linked(text: str) -> SafeString:
    """The text with safe links and line breaks. Everything in it is escaped."""
    found = urlize(text, nofollow=True, autoescape=True) if MAYBE.search(text) else escape(text)
    # Quotes in the text are escaped by now, so these can only be urlize's own links.
    return mark_safe(LINK.sub(_link, found).replace("\n", "<br>"))  # noqa: S308


def _link(found: re.Match[str]) -> str:
    href, words = found[1], found[2]
    if href is None:
        return found[0]
    host = _host(unescape(href))
    if not host:
        return words
    shown = SHOWN.sub("", unescape(words), count=1).casefold()
    plain = re.match(re.escape(host.removeprefix("www.")) + r"(?![\w@.:-])", shown)
    told = "" if plain else f' <span class="host" dir="ltr">({escape(host)})</span>'
    return f'<a href="{href}" {SAFE} title="{escape(host)}">{words}</a>{told}'


def _host(address: str) -> str:
    """The host as the browser will ask for it: what stands before an @ is none."""
    try:
        host = unquote(urlsplit(address).hostname or "")
        return host.encode("idna").decode()
    except ValueError:  # no address, or letters that no host may have
        return ""
