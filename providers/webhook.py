"""A provider's request to us, and our reply to it, as plain data."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import parse_qsl

from .errors import WebhookError
from .reading import parse_json


class WebhookRequest:
    """A request to a channel's webhook address, as plain data.

    ``tail`` is what follows the secret part of the address, without a leading slash. ``headers``
    have lower-case names. ``url`` is the full public address, which some providers sign.
    """

    def __init__(
        self,
        *,
        method: str = "POST",
        url: str = "",
        tail: str = "",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        remote: str = "",
    ) -> None:
        self.method = method
        self.url = url
        self.tail = tail
        self.query_string = query
        self.headers = headers or {}
        self.body = body
        self.remote = remote

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def charset(self) -> str:
        """The charset the Content-Type names, else UTF-8."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or "utf-8"
        return "utf-8"

    @cached_property
    def text(self) -> str:
        """The body in its charset. Raises WebhookError if it is not in it."""
        try:
            return self.body.decode(self.charset)
        except UnicodeDecodeError as error:
            raise WebhookError(f"The body is not valid {self.charset}: {error.reason}.") from None
        except (LookupError, ValueError):
            raise WebhookError(f"The charset {self.charset!r} is not known.") from None

    @cached_property
    def parsed(self) -> Any:
        """The body as JSON of any kind. Raises WebhookError if it is not JSON."""
        try:
            if self.charset.lower() in ("utf-8", "utf8"):
                return parse_json(self.body)
            return jsonlib.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise WebhookError(f"The body is not JSON: {error}.") from None

    @cached_property
    def json(self) -> Any:
        """The body as a JSON object, whatever the Content-Type. Raises WebhookError if not one."""
        if not isinstance(self.parsed, dict):
            raise WebhookError("The body is JSON, but not an object.")
        return self.parsed

    @cached_property
    def items(self) -> list[dict[str, Any]]:
        """The body as a list of JSON objects; a single one is a list of one.

        Raises WebhookError if it is anything else.
        """
        found = self.parsed if isinstance(self.parsed, list) else [self.parsed]
        if not all(isinstance(each, dict) for each in found):
            raise WebhookError("The body is JSON, but not a list of objects.")
        return found

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as a URL-encoded form; of a repeated field the last."""
        try:
            pairs = parse_qsl(
                self.body.decode("ascii"),
                keep_blank_values=True,
                encoding=self.charset,
                errors="replace",
                max_num_fields=1000,
            )
        except (LookupError, ValueError) as error:
            raise WebhookError(f"The body is not a form: {error}.") from None
        return dict(pairs)

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The body's fields, whether JSON or a form, whatever the Content-Type says.

        Raises WebhookError if it is neither.
        """
        try:
            return cast(dict[str, Any], self.json)
        except WebhookError:
            if b"=" not in self.body or self.body.lstrip()[:1] in (b"{", b"["):
                raise
        return dict(self.form)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook is answered with."""

    body: str = "OK"
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
