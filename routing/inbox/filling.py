"""The variables of canned replies."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from .. import desk
from ..models import CannedReply, Extension, Session

VARIABLE = re.compile("{(" + "|".join(CannedReply.VARIABLES) + ")}")


def names(extension: Extension, session: Session) -> dict[str, str]:
    """What the variables stand for here; "" where it is not known."""
    return {
        "customer": session.customer.name,
        "agent": extension.name,
        "number": session.number.value,
    }


def filled(text: str, known: dict[str, str]) -> str:
    """The text with what is known; a variable that is not stays for the agent to fill in."""
    return VARIABLE.sub(lambda found: known[found[1]] or found[0], text)


def check_filled(text: str) -> None:
    """Raise Refused where a variable was left in the text."""
    if left := VARIABLE.search(text):
        raise desk.Refused(_("Fill in %(name)s first.") % {"name": left[0]})
