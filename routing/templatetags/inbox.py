"""Tags and filters of the inbox's templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from ..inbox import faces, here
from ..inbox.lines import line
from ..inbox.rows import asleep_until, short_time
from ..inbox.said import said

register = template.Library()
register.filter(here.told)
register.filter(asleep_until)
register.filter(short_time)

register.filter(faces.initials)
register.filter(faces.tone)


@register.simple_tag(takes_context=True)
def row_line(context: Any, row: Any) -> SafeString:
    """A row of the list, for the agent who asks and in the list that is shown."""
    opened = context.get("session")
    extension, query = context["request"].extension, context["listing"].query
    return line(row, extension, query, opened.pk if opened else None)


@register.simple_tag(takes_context=True)
def message_item(context: Any, bubble: Any) -> SafeString:
    """A message of the session that is shown."""
    request = context["request"]
    return said(bubble, context["session"], request.extension, context.get("csrf_token"))
