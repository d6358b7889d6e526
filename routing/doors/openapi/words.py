"""What the Open API answers: always HTTP 200, with a code and its message."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse

MESSAGES = {
    -2: "INTERNAL SERVER ERROR",
    -1: "FAILURE",
    0: "SUCCESS",
    1: "PARTIAL SUCCESS",
    2: "PROCESSING",
    10001: "INTERFACE NOT EXISTED",
    10002: "API VERSION OUT OF MAINTENANCE",
    10003: "API VERSION UNSUPPORTED",
    10004: "TOKEN EXPIRED",
    10005: "ACCESS DENIED",
    10009: "OPERATION FAILED",
    40001: "PARAMETER SYNTAX ERROR",
    40002: "PARAMETER ERROR",
    40003: "DUPLICATE KEY VALUE",
    40004: "FILE SIZE EXCEEDED",
    60001: "DATA NOT FOUND",
    60002: "MAX LIMITATION EXCEEDED",
    60101: "ROLE NOT EXISTED",
    70087: "IP FORBIDDEN",
}
BROKEN, FAILURE, NO_INTERFACE, NO_VERSION = -2, -1, 10001, 10003
EXPIRED, DENIED, NOT_DONE = 10004, 10005, 10009
SYNTAX, PARAMETER, DUPLICATE, TOO_LARGE = 40001, 40002, 40003, 40004
NOT_FOUND, TOO_MANY, FORBIDDEN = 60001, 60002, 70087


class Refusal(Exception):
    """An answer with a code of the table; ``more`` goes along. ``submsg`` says why, for people."""

    def __init__(self, code: int, submsg: str = "", **more: Any) -> None:
        super().__init__(submsg or MESSAGES[code])
        self.code = code
        self.more = {**({"submsg": submsg} if submsg else {}), **more}


def wrong(field: str, kind: str = "invalid", submsg: str = "") -> Refusal:
    """A parameter is missing ("required") or not as it must be."""
    return Refusal(
        PARAMETER, submsg, invalid_param_list=[{"field": field, "validation_type": kind}]
    )


def taken(field: str, value: str) -> Refusal:
    """Another one has this already."""
    said = f"{value} is used already."
    return Refusal(DUPLICATE, said, duplicate_field_list=[{"field": field, "value": value}])


def answer(code: int = 0, **more: Any) -> JsonResponse:
    found = JsonResponse({"errcode": code, "errmsg": MESSAGES[code], **more})
    found["Cache-Control"] = "no-store"
    return found
