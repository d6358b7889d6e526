"""Errors in the form of RFC 9457, each with a code that programs can rely on."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

from ... import desk
from .. import allowance

log = logging.getLogger(__name__)

TYPE = "application/problem+json"

#: Code: HTTP status, and what it means, for people and for the documentation.
CODES: dict[str, tuple[int, str]] = {
    "invalid": (400, "The request is not valid"),
    "not_json": (400, "The body cannot be read"),
    "bad_cursor": (400, "The cursor is not one of ours"),
    "no_key": (401, "A key is missing"),
    "wrong_key": (401, "The key is wrong"),
    "key_revoked": (401, "The key was revoked"),
    "key_expired": (401, "The key's time is over"),
    "missing_scope": (403, "The key lacks a scope"),
    "not_allowed": (403, "This is not allowed"),
    "switched_off": (403, "The key is switched off"),
    "not_from_here": (403, "The key may not be used from this address"),
    "not_your_number": (403, "The key may not send from this number"),
    "not_found": (404, "There is no such thing"),
    "wrong_method": (405, "This method is not possible here"),
    "not_acceptable": (406, "No such form of answer"),
    "refused": (409, "This cannot be done"),
    "already_taken": (409, "Somebody else has this session"),
    "session_closed": (409, "The session is closed"),
    "too_late": (409, "It is too late for that"),
    "too_old": (410, "Some of these events are no longer kept"),
    "changed_meanwhile": (412, "It was changed meanwhile"),
    "too_large": (413, "The body is too large"),
    "wrong_type": (415, "The body has an unknown type"),
    "key_used_before": (422, "The Idempotency-Key was used for another request"),
    "too_many_requests": (429, "Too many requests"),
    "too_many_wrong_keys": (429, "Too many wrong keys"),
    "too_many_messages": (429, "The messages of today are used up"),
    "internal": (500, "Something went wrong here"),
}
_BY_STATUS = {
    status.HTTP_401_UNAUTHORIZED: "no_key",
    status.HTTP_403_FORBIDDEN: "not_allowed",
    status.HTTP_404_NOT_FOUND: "not_found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "wrong_method",
    status.HTTP_406_NOT_ACCEPTABLE: "not_acceptable",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "wrong_type",
}


class Problem(exceptions.APIException):
    """An answer of the table, with the reason in a sentence."""

    def __init__(
        self,
        code: str,
        said: str = "",
        *,
        errors: list[dict[str, str]] | None = None,
        after: int = 0,
    ) -> None:
        self.status_code, title = CODES[code]
        super().__init__(said or f"{title}.", code)
        self.code, self.errors, self.after = code, errors or [], after


def problem_of(error: Exception) -> Problem | None:
    """The problem that an exception stands for; None for a mistake of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, desk.AlreadyTaken):
        return Problem("already_taken", str(error))
    if isinstance(error, desk.SessionClosed):
        return Problem("session_closed", str(error))
    if isinstance(error, desk.Refused):
        return Problem("refused", str(error))
    if isinstance(error, allowance.TooMany):
        return Problem("too_many_requests", str(error), after=error.after)
    if isinstance(error, exceptions.ValidationError):
        return Problem("invalid", errors=list(_fields(error.get_full_details())))
    if isinstance(error, exceptions.ParseError):
        return Problem("not_json", str(error.detail))
    if isinstance(error, RequestDataTooBig):
        return Problem("too_large")
    if isinstance(error, Http404):
        return Problem("not_found")
    if isinstance(error, PermissionDenied):
        return Problem("not_allowed")
    if isinstance(error, exceptions.APIException) and error.status_code in _BY_STATUS:
        return Problem(_BY_STATUS[error.status_code], str(error.detail))
    return None


def _fields(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Each error with the field it is about, as ``files.0`` for parts of one."""
    if isinstance(details, Mapping) and set(details) == {"message", "code"}:
        said = {"code": str(details["code"]), "detail": str(details["message"])}
        yield {"field": "" if path == "non_field_errors" else path, **said}
    elif isinstance(details, Mapping):
        for name, each in details.items():
            yield from _fields(each, f"{path}.{name}".strip("."))
    else:
        for n, each in enumerate(details):
            inner = isinstance(each, Mapping) and set(each) != {"message", "code"}
            yield from _fields(each, f"{path}.{n}" if inner and each else path)


def body_of(found: Problem) -> dict[str, Any]:
    """What the problem says."""
    said: dict[str, Any] = {
        "type": f"urn:parley:problem:{found.code}",
        "title": CODES[found.code][1],
        "status": found.status_code,
        "detail": str(found.detail),
        "code": found.code,
    }
    return said | ({"errors": found.errors} if found.errors else {})


def headers_of(found: Problem) -> dict[str, str]:
    headers = {"Retry-After": str(found.after)} if found.after else {}
    if found.status_code == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to whatever a view raised."""
    found = problem_of(error)
    if found is None:
        log.error("A request to the REST API failed", exc_info=error)
        found = Problem("internal", "Nothing is known about the outcome. Try again later.")
    headers = headers_of(found)
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    return Response(body_of(found), found.status_code, headers=headers, content_type=TYPE)


def plain(found: Problem) -> JsonResponse:
    """The answer outside of a resource."""
    answer = JsonResponse(body_of(found), status=found.status_code, content_type=TYPE)
    for name, value in headers_of(found).items():
        answer[name] = value
    return answer


def nothing_here(request: HttpRequest) -> JsonResponse:
    """Any other address under /api/v1/."""
    return plain(Problem("not_found", f"There is nothing at {request.path}."))
