"""What a provider can carry: texts and files are measured before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.core.files import File
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from providers.base import MediaRules, Provider

from .. import files
from .refusing import Refused

F = TypeVar("F")
UNITS = {
    "characters": gettext_lazy("characters"),
    "utf-16": gettext_lazy("UTF-16 units"),
    "bytes": gettext_lazy("bytes in UTF-8"),
}


def grouped(number: int) -> str:
    """A number with the marks between thousands that readers of the language know."""
    return str(number_format(number, force_grouping=True))


def measure(text: str, unit: str) -> int:
    """The length of a text in a provider's unit."""
    if unit == "bytes":
        return len(text.encode("utf-8", "replace"))
    if unit == "utf-16":
        return len(text) + sum(letter > "\uffff" for letter in text)
    return len(text)


def check(provider: type[Provider] | Provider, text: str, upload: Sequence[File] = ()) -> None:
    """Raise Refused, with the reason in a sentence, unless the provider takes these."""
    if not text.strip() and not upload:
        raise Refused(_("Write a text or choose a file."))
    media = provider.media
    most, beside = provider.max_text, False
    if upload and media and media.max_text and (most is None or media.max_text < most):
        most, beside = media.max_text, True
    if most is not None and (size := measure(text.strip(), provider.text_unit)) > most:
        said = _("The text has %(size)s %(unit)s; %(provider)s takes at most %(most)s.")
        if beside:
            said = _(
                "The text has %(size)s %(unit)s; %(provider)s takes at most %(most)s "
                "beside a file. Send the text by itself."
            )
        told = {"unit": UNITS[provider.text_unit], "provider": provider.name}
        raise Refused(said % {**told, "size": grouped(size), "most": grouped(most)})
    try:
        for file in upload:
            files.check(provider, file)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None


def bundles(
    media: MediaRules | None, text: str, upload: Sequence[F]
) -> list[tuple[str, Sequence[F]]]:
    """The messages in which text and files travel: as many files in each as the provider takes.

    The text goes with the first file; where none is taken beside a file, by itself after them.
    """
    if not upload:
        return [(text, ())]
    step = media.max_files if media else 1
    parts: list[tuple[str, Sequence[F]]] = [
        ("", upload[at : at + step]) for at in range(0, len(upload), step)
    ]
    if media and media.max_text == 0:
        return [*parts, (text, ())] if text else parts
    return [(text, parts[0][1]), *parts[1:]]
