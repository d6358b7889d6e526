"""The sentences of the page's scripts, which have no catalogue of their own."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

#: A number of each form that a language may have, under the name that browsers give the form.
FORMS = {"one": 1, "few": 3, "many": 5, "other": 100}


def sentences() -> dict[str, str | dict[str, str]]:
    """What static/inbox/words.js finds by name. Names in braces are filled in there."""
    return {
        "offline": _("No connection."),
    }


def _counted(one: str, many: str) -> dict[str, str]:
    return {name: ngettext(one, many, count) for name, count in FORMS.items()}
