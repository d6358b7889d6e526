"""Builds the HTTP profile's requests: words in braces filled in, fields in their form."""

from __future__ import annotations

import hashlib
import json as jsonlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from ..base import Answer, Call, Outbound
from ..errors import ProviderError, Rejected
from ._http_checks import BRACES
from ._letters import plain
from ._rules import pairs


def password_of(told: Mapping[str, Any]) -> str:
    """The password as it travels: itself, or its hash. "" if there is none."""
    password = str(told.get("password") or "")
    how = told.get("password_as")
    if not password or not how:
        return password
    return hashlib.new(how, password.encode(), usedforsecurity=False).hexdigest()


def words_of(told: Mapping[str, Any], message: Outbound | None) -> dict[str, str]:
    """What the words in braces stand for. Raises Rejected if the text fits not into the charset."""
    found = {"login": str(told.get("login") or ""), "password": password_of(told)}
    if message is None:
        return found
    text = plain(message.text) if told.get("plain_letters") else message.text
    charset = told.get("charset") or "utf-8"
    if told.get("body") != "json":
        try:
            text.encode(charset)
        except UnicodeEncodeError as error:
            left = text[error.start]
            raise Rejected(f"The charset {charset} has no {left!r}; write it without.") from None
    return found | {
        "to": number(message.recipient, told),
        "from": number(message.sender, told),
        "text": text,
        "id": message.reference,
        "callback": message.webhook_url,
    }


def number(value: str, told: Mapping[str, Any]) -> str:
    """An E.164 number in the provider's form; names stay as they are."""
    if not (value.startswith("+") and value[1:].isdigit()):
        return value
    country, form = str(told.get("country_code") or ""), told.get("number_format")
    if form == "bare":
        return value[1:]
    if form == "national" and country and value[1:].startswith(country):
        return value[1 + len(country) :]
    return "00" + value[1:] if form in ("zeros", "national") else value


def filled(text: str, words: Mapping[str, str], dress: Callable[[str], str] = str) -> str:
    """The text with the words in braces replaced."""
    return BRACES.sub(lambda found: dress(words.get(found[1], "")), text)


def filled_url(url: str, words: Mapping[str, str]) -> str:
    return filled(url, words, lambda value: quote(value, safe=""))


def call(
    told: Mapping[str, Any],
    url: str,
    words: Mapping[str, str],
    content: str,
    *,
    sends: bool,
    judge: Callable[[Answer], ProviderError | None],
) -> Call:
    """The request with this content: the fields, or for XML the document, of a message."""
    charset, how = told.get("charset") or "utf-8", told.get("body") or "form"
    password = words["password"]
    headers = {n: filled(v, words) for n, v in pairs(told.get("headers") or "", ":")}
    if told.get("auth") == "bearer":
        headers["Authorization"] = f"Bearer {password}"
    elif told.get("auth") == "header":
        headers[str(told.get("auth_header"))] = password
    kind: dict[str, Any] = {}
    if how == "xml" and sends:
        headers.setdefault("Content-Type", f"text/xml; charset={charset}")
        kind["body"] = filled(content, words, escape).encode(charset, "xmlcharrefreplace")
    elif how == "json":
        kind["json"] = nested(pairs(content), words) if content.strip() else None
    else:
        found = [(name, filled(value, words)) for name, value in pairs(content)]
        encoded = urlencode(found, encoding=charset, errors="replace")
        if how == "query" or not found:
            url += ("&" if "?" in url else "?") + encoded if found else ""
        elif charset == "utf-8":
            kind["form"] = found
        else:
            kind["body"] = encoded.encode("ascii")
            headers.setdefault(
                "Content-Type", f"application/x-www-form-urlencoded; charset={charset}"
            )
    return Call(
        told.get("method") or "POST",
        url,
        headers=headers,
        auth=(words["login"], password) if told.get("auth") == "basic" else None,
        sends=sends,
        judge=judge,
        **kind,
    )


def nested(fields: list[tuple[str, str]], words: Mapping[str, str]) -> Any:
    """The fields as JSON: dots nest, numbered places make lists.

    A value without braces that is JSON itself, such as 5, true or "5", is sent as that.
    """
    made: dict[str, Any] = {}
    for path, value in fields:
        here, (*way, last) = made, path.split(".")
        for step in way:
            if not isinstance(here.get(step), dict):
                here[step] = {}
            here = here[step]
        here[last] = filled(value, words) if BRACES.search(value) else _typed(value)
    return _lists(made)


def _typed(value: str) -> Any:
    try:
        return jsonlib.loads(value)
    except ValueError:
        return value


def _lists(found: Any) -> Any:
    """Objects whose names are places, 0 and on, become lists."""
    if not isinstance(found, dict):
        return found
    inner = {name: _lists(value) for name, value in found.items()}
    if inner and list(inner) == [str(n) for n in range(len(inner))]:
        return list(inner.values())
    return inner
