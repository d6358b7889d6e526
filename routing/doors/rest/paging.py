"""Pages by cursor: what is added meanwhile moves nothing, and no page costs more than the first."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from .problems import Problem


class Pages(CursorPagination):
    """The newest first."""

    ordering = "-pk"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    page_size_query_description = "How many on a page, at most 200."
    cursor_query_description = "From `next` or `previous` of another page."

    def decode_cursor(self, request: Any) -> Any:
        try:
            found = super().decode_cursor(request)
            if found is not None and found.position is not None:
                int(found.position)
                if len(found.position) > 18:
                    raise ValueError
            return found
        except (NotFound, ValueError):
            raise Problem("bad_cursor") from None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        def link(said: str) -> dict[str, Any]:
            return {"type": ["string", "null"], "format": "uri", "description": said}

        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": link("The address of the next page; null on the last."),
                "previous": link("The address of the page before; null on the first."),
                "results": schema,
            },
        }
