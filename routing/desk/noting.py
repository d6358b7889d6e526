"""Private notes: written for colleagues, seen by agents alone, never sent.

A note is a system line, so that whatever leaves the house passes it by as it passes those.
"""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import live
from ..models import Extension, Mention, Message, Session
from .limits import grouped
from .refusing import Refused
from .telling import NOTE, audiences, nudge, say
from .writing import by_key

MOST = 10_000


def note(extension: Extension, session: Session, text: str, client_key: str = "") -> Message:
    """Add a note, and mark the session for the colleagues whom it mentions. Raises Refused.

    The same ``client_key`` again returns the first note and adds nothing.
    """
    text = text.replace("\0", "").strip()
    if not text:
        raise Refused(_("Write the note first."))
    if len(text) > MOST:
        said = _("The note has %(size)s characters; at most %(most)s can be kept.")
        raise Refused(said % {"size": grouped(len(text)), "most": grouped(MOST)})
    if client_key and (first := by_key(extension, client_key)):
        return first
    try:
        with transaction.atomic():
            made = say(session, NOTE, text, extension)
            if client_key:
                Message.objects.filter(pk=made.pk).update(client_key=client_key)
            called = [each for each in mentioned(text) if each.pk != extension.pk]
            Mention.objects.bulk_create(
                Mention(extension=each, session=session, message=made) for each in called
            )
            watching = Mention.objects.filter(session=session).values_list("extension", flat=True)
            others = {live.extension_audience(pk) for pk in watching}
            nudge({*audiences(session), *others}, session)
            names = sorted(live.extension_audience(each.pk) for each in called)
            if names:
                transaction.on_commit(lambda: live.nudge(names, mention=session.pk))
            return made
    except IntegrityError:
        if client_key and (first := by_key(extension, client_key)):
            return first
        raise


def mentioned(text: str) -> list[Extension]:
    """The agents named in the text after an @, by name or by number."""
    if "@" not in text:
        return []
    handles: dict[str, list[Extension]] = {}
    for each in Extension.objects.all():
        for handle in {each.name.casefold(), each.number}:
            handles.setdefault(handle, []).append(each)
    longest = sorted(handles, key=len, reverse=True)
    pattern = rf"(?<!\w)@({'|'.join(map(re.escape, longest))})(?!\w)"
    found = dict.fromkeys(re.findall(pattern, text.casefold())) if longest else {}
    return list({each.pk: each for handle in found for each in handles[handle]}.values())


def see_mentions(extension: Extension, session: Session) -> None:
    """The agent has seen where they are mentioned in this session."""
    unseen = Mention.objects.unseen().filter(extension=extension, session=session)
    if unseen.update(seen_at=timezone.now()):
        who = [live.extension_audience(extension.pk)]
        transaction.on_commit(lambda: live.nudge(who, mention=0))
