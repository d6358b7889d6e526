"""What both carriers share: a call's bytes, its record in the log, and what an answer means."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import orjson

from ..calls import Answer, Call, Wait
from ..errors import ProviderError, Unavailable, Uncertain

R = TypeVar("R")

USER_AGENT = "Parley"
LOGGED_CHARS = 4_000
CONNECT_SECONDS = 10.0


def fault(call: Call, said: str) -> ProviderError:
    """The error for an exchange that broke off after it may have left us."""
    return Uncertain(said) if call.sends else Unavailable(said)


def host_of(call: Call) -> str:
    """The host, for people to read. Never the whole address: it may hold a key."""
    try:
        return urlsplit(call.url).hostname or "The API address"
    except ValueError:
        return "The API address"


def headers_of(call: Call, *, json: bool) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, **call.headers}
    if call.auth:
        pair = base64.b64encode(":".join(call.auth).encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    names = {name.lower() for name in headers}
    if json and "content-type" not in names:
        headers["Content-Type"] = "application/json; charset=utf-8"
    if call.form is not None and "content-type" not in names:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return headers


def body_of(call: Call) -> bytes | None:
    if call.json is not None:
        return orjson.dumps(call.json)
    if call.form is not None:
        pairs = call.form.items() if isinstance(call.form, Mapping) else call.form
        return urlencode(list(pairs), doseq=True).encode()
    return call.body


def url_of(call: Call) -> str:
    if not call.params:
        return call.url
    return f"{call.url}{'&' if '?' in call.url else '?'}{urlencode(call.params)}"


# What an adapter raises when it reads an answer that it does not know.
STUMBLES = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def unknown_form(call: Call, answer: Answer | None, stumble: Exception) -> ProviderError:
    said = answer.text.strip()[:200] if answer else ""
    error = fault(call, f"{host_of(call)} answers in an unknown form: {said or '(nothing)'}")
    error.__cause__ = stumble
    return error


def judge(call: Call, answer: Answer) -> ProviderError | None:
    try:
        error = call.judge(answer) if call.judge else None
    except STUMBLES as stumble:
        return unknown_form(call, answer, stumble)
    if isinstance(error, Uncertain) and not call.sends:
        return Unavailable(error.reason, code=error.code)
    return error


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, in any of the forms in which they travel."""
    pattern = _pattern(tuple(secrets))
    return pattern.sub("•••", text) if pattern else text


@lru_cache(maxsize=1024)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) < 3:
            continue
        forms |= {secret, quote(secret, safe=""), quote_plus(secret)}
        forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if forms else None


def record(call: Call, answer: Answer | None, error: str, started: float) -> dict[str, Any]:
    body = body_of(call) or b""
    said = answer.body[:LOGGED_CHARS].decode("utf-8", "replace") if answer else ""
    return {
        "method": call.method,
        "url": url_of(call)[:2_000],
        "request": body[:LOGGED_CHARS].decode("utf-8", "replace"),
        "status": answer.status if answer else None,
        "answer": "•••" if call.hidden and answer and answer.status < 300 else said,
        "error": error,
        "ms": round((time.monotonic() - started) * 1000, 1),
    }


def resume(
    talk: Generator[Call | Wait, Answer, R],
    step: Call | Wait,
    answer: Answer | None,
    error: ProviderError | None,
    started: float,
    log: list[dict[str, Any]],
) -> Call | Wait:
    """Hand the outcome of a step to the talk; return its next step.

    Raises StopIteration with the result, or ProviderError. An adapter that stumbles over an answer
    it does not know has learnt nothing, so the outcome of what it sent is unknown.
    """
    if isinstance(step, Wait):
        return talk.send(Answer(200, {}, b""))
    if answer is not None:
        error = judge(step, answer)
    log.append(record(step, answer, error.reason if error else "", started))
    try:
        if error is not None:
            return talk.throw(error)
        return talk.send(answer)  # type: ignore[arg-type]
    except STUMBLES as stumble:
        found = unknown_form(step, answer, stumble)
        log[-1]["error"] = found.reason
        raise found from stumble


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that is wrapped in it."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            inner = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
            waiting += [found for found in inner if isinstance(found, BaseException)]


def short(error: BaseException) -> str:
    """The innermost cause of an error, in few words."""
    while True:
        inner = error.__cause__ or (
            error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
        )
        inner = inner or getattr(error, "reason", None)
        if not isinstance(inner, BaseException) or inner is error:
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).rsplit("] ", 1)[-1]
    return text.split(": ", 1)[-1][:200] or type(error).__name__
