"""How the resources describe themselves in the OpenAPI document."""

from __future__ import annotations

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema

from ...models.tokens import SCOPES
from .problems import CODES, TYPE

KEY, OAUTH = "key", "oauth"
#: Which of the table each kind of request may be answered with.
ALWAYS = (400, 401, 403, 404, 405, 406, 429)
WITH_BODY = (409, 412, 413, 415, 422)


class Schema(AutoSchema):
    """Names the scope that an operation needs."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{KEY: []}, {OAUTH: [self._scope()]}]

    def get_description(self) -> str:
        said = inspect.getdoc(getattr(self.view, self.view.action)) or ""
        return f"{said}\n\nScope: `{self._scope()}`".strip()

    def get_operation_id(self) -> str:
        return f"{self._tag()}_{self.view.action}".replace("-", "_")

    def get_tags(self) -> list[str]:
        return [self._tag()]

    def _is_list_view(self, serializer: Any = None) -> bool:
        """What has no pages is one thing, like an answer of the feed."""
        return self.view.pagination_class is not None and bool(super()._is_list_view(serializer))

    def _tag(self) -> str:
        return str(getattr(self.view, "tag", "") or self.view.basename)

    def _scope(self) -> str:
        return str(self.view.scope)


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Let every operation name the problems that it may answer with; and the ways to log in."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    schemes = components.setdefault("securitySchemes", {})
    schemes[KEY] = {
        "type": "http",
        "scheme": "bearer",
        "description": "A personal token, or the key of a service.",
    }
    schemes[OAUTH] = {
        "type": "oauth2",
        "description": "A service exchanges its client ID and key for a token of one hour.",
        "flows": {"clientCredentials": {"tokenUrl": "/api/v1/oauth/token", "scopes": SCOPES}},
    }
    responses = components.setdefault("responses", {})
    for status in (*ALWAYS, *WITH_BODY, 410):
        codes = [code for code, (found, _) in CODES.items() if found == status]
        responses[f"Problem{status}"] = {
            "description": "; ".join(f"`{code}`: {CODES[code][1]}" for code in codes),
            "content": {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for path in result.get("paths", {}).values():
        for method, operation in path.items():
            more = ALWAYS if method == "get" else (*ALWAYS, *WITH_BODY)
            if operation.get("operationId") == "events_list":
                more = (*more, 410)
            found = operation["responses"]
            for status in more:
                found.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    return result


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An error, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:parley:problem:session_closed"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "enum": list(CODES)},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
