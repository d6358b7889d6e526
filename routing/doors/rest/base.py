"""What every resource shares: who may, how often, and how mistakes are answered."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from . import limits, problems
from .callers import Caller, KeyAuthentication
from .describing import Schema
from .paging import Pages
from .problems import Problem

BIGGEST = 2**63 - 1


class HasScope(BasePermission):
    """The key must have the scope that the resource names for what is asked."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Caller):
            raise Problem("no_key")
        wanted = view.scope
        if wanted not in request.auth.scopes:
            raise Problem("missing_scope", f"The key needs the scope {wanted}.")
        return True


class Resource(GenericViewSet):
    """A resource. ``scopes`` names what each action needs."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = (HasScope,)
    throttle_classes = (limits.KeyThrottle,)
    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONParser,)
    filter_backends: Any = ()
    pagination_class = Pages
    schema = Schema()
    lookup_value_regex = "[0-9]{1,18}"
    scopes: dict[str, str]

    @property
    def scope(self) -> str:
        return self.scopes[self.action] if self.action in self.scopes else self.scopes["list"]

    @property
    def caller(self) -> Caller:
        caller: Caller = self.request.auth
        return caller

    def get_exception_handler(self) -> Any:
        return problems.handler

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        self.action = "list"
        return super().http_method_not_allowed(request, *args, **kwargs)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        done = super().finalize_response(request, response, *args, **kwargs)
        for name, value in limits.headers(self).items():
            done[name] = value
        done["Cache-Control"] = "no-store, private"
        done["X-Content-Type-Options"] = "nosniff"
        return done

    # --- what actions are made of ------------------------------------------------------------

    def read(self, serializer: type[Any] | None = None) -> dict[str, Any]:
        """The body, checked."""
        found = self.get_serializer(data=self.request.data) if serializer is None else serializer(
            data=self.request.data, context=self.get_serializer_context()
        )  # fmt: skip
        found.is_valid(raise_exception=True)
        checked: dict[str, Any] = found.validated_data
        return checked

    def page(self, rows: Any) -> Response:
        """A page of these."""
        found = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    def show(self, thing: Any, status: int = 200) -> Response:
        """One thing, with its entity tag; 304 if the caller has it already."""
        shown = self.get_serializer(thing).data
        tag = entity_tag(shown)
        if status == 200 and self.request.method in ("GET", "HEAD"):
            known = self.request.headers.get("If-None-Match", "")
            if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
                return Response(status=304, headers={"ETag": tag})
        return Response(shown, status, headers={"ETag": tag})

    def unchanged(self, thing: Any) -> None:
        """Heed If-Match: raises a problem if the caller saw the thing in another state."""
        wanted = self.request.headers.get("If-Match", "").strip()
        if not wanted or wanted == "*":
            return
        tag = entity_tag(self.get_serializer(thing).data)
        if tag not in (each.strip() for each in wanted.split(",")):
            raise Problem("changed_meanwhile", "Get it again, and decide again.")


def entity_tag(shown: Any) -> str:
    found = hashlib.sha256(orjson.dumps(shown, default=str)).hexdigest()
    return f'"{found[:32]}"'
