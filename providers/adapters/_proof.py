"""Checks a key where no call is known that proves it: a refusal is certain, a yes is not."""

from __future__ import annotations

from collections.abc import Mapping

from ..base import Answer, Call, HttpProvider
from ..errors import ProviderError, Unavailable


def probe(provider: HttpProvider, path: str, headers: Mapping[str, str]) -> Call:
    """A harmless question. An answer that may as well mean a wrong address proves nothing."""

    def judge(answer: Answer) -> ProviderError | None:
        if answer.status in (400, 404, 405):
            return Unavailable(
                f"{provider.name} did not refuse the key, but does not know the question either "
                f"(HTTP {answer.status}). Only a test message can prove the key."
            )
        if error := provider.error(answer):
            return error
        answer.json()  # a page of the network between us is no answer
        return None

    url = path if "://" in path else provider.api_address + path
    return Call("GET", url, headers=headers, sends=False, judge=judge)
