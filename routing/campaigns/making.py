"""Making and changing drafts. What is refused is raised as Refused, with a sentence."""

from __future__ import annotations

import os
import secrets
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils.translation import gettext as _

from .. import files, outbox
from ..desk import Refused
from ..files.types import HEAD, safe_name, storage_ending
from ..models import Campaign
from . import lists, reading
from .checking import check_again
from .steering import unschedule

#: What may be set, and whether a change of it means that recipients are looked at again.
FIELDS = {
    "name": False,
    "number": True,
    "text": True,
    "template": True,
    "values": True,
    "mode": False,
    "extension": False,
    "queue": False,
    "starts_at": False,
    "zone": False,
}


def make(created_by: str = "", **fields: Any) -> Campaign:
    """A new draft with these FIELDS. Raises Refused."""
    campaign = Campaign(created_by=created_by[:150])
    _set(campaign, fields)
    campaign.save()
    return campaign


def change(campaign: Campaign, **fields: Any) -> None:
    """Change a draft's FIELDS; a scheduled one becomes a draft again. Raises Refused."""
    if campaign.state == Campaign.SCHEDULED:
        unschedule(campaign)
    with transaction.atomic():
        _lock(campaign)
        network = campaign.channel.provider_class.network
        if _set(campaign, fields):
            check_again(campaign)
        if campaign.lines_read and network != campaign.channel.provider_class.network:
            raise Refused(_("The list is one of another network. Make a new campaign."))
        campaign.save()
    ring()


def set_file(campaign: Campaign, upload: File[Any] | None) -> None:
    """Let this file travel with each message, or none. Raises Refused."""
    provider = campaign.channel.provider_class
    if upload is not None:
        try:
            files.check(provider, upload)
        except ValidationError as error:
            raise Refused(" ".join(error.messages)) from None
    with transaction.atomic():
        _lock(campaign)
        old = campaign.file.name
        campaign.file, campaign.file_name, campaign.file_type, campaign.file_size = "", "", "", 0
        if upload is not None:
            upload.seek(0)
            claim, head = getattr(upload, "content_type", "") or "", upload.read(HEAD)
            upload.seek(0)
            campaign.file_type = files.sniff(head, claim, upload.name or "")
            campaign.file_name = safe_name(upload.name or "file", campaign.file_type)
            campaign.file_size = upload.size
            ending = storage_ending(campaign.file_name)
            campaign.file.save(secrets.token_hex(16) + ending, upload, save=False)
        check_again(campaign)
        campaign.save()
        if old:
            transaction.on_commit(lambda: campaign.file.storage.delete(old))
    ring()


def set_list(
    campaign: Campaign,
    given: BinaryIO | str,
    *,
    region: str = "",
    number_column: str = "",
    append: bool = False,
) -> None:
    """Let this list be read: a file, or what was pasted. Returns before it is. Raises Refused.

    It takes the place of the recipients there are, unless it is to be appended to them.
    """
    if isinstance(given, str):
        content: File[Any] = ContentFile(lists.pasted(given).encode("utf-8", "replace"))
    else:
        content = given if isinstance(given, File) else File(given)
    try:
        lists.understand(content.open() if content.closed else content, region, number_column)
    except lists.Unreadable as error:
        raise Refused(str(error)) from None
    with transaction.atomic():
        _lock(campaign)
        if campaign.is_reading:
            raise Refused(_("The list before this one is still being read."))
        (reading.append_list if append else reading.replace_list)(campaign)
        campaign.region, campaign.number_column = region, number_column
        campaign.list_size, campaign.list_read = content.size, 0
        content.seek(0)
        campaign.list_file.save(f"{secrets.token_hex(16)}.csv", content, save=False)
        campaign.save()
    ring()


def clone(campaign: Campaign, created_by: str = "", *, unsent: bool = False) -> Campaign:
    """A new draft with the same text, file and recipients; or only those who got nothing."""
    copy = Campaign(
        **{name: getattr(campaign, name) for name in FIELDS if name not in ("starts_at", "name")},
        name=(_("Copy of %(name)s") % {"name": campaign.name})[:127],
        file_name=campaign.file_name,
        file_type=campaign.file_type,
        file_size=campaign.file_size,
        region=campaign.region,
        columns=campaign.columns,
        copies=campaign,
        copies_unsent=unsent,
        list_size=campaign.lines_read,
        created_by=created_by[:150],
    )
    if campaign.file:
        with campaign.file.open("rb") as file:
            copy.file.save(os.path.basename(campaign.file.name), file, save=False)
    copy.save()
    ring()
    return copy


def ring() -> None:
    """Let lists be read and recipients be checked, once the transaction is committed."""
    transaction.on_commit(lambda: outbox.ring_for(outbox.bell.READ_LISTS))


# --- inside ------------------------------------------------------------------------------------


def _set(campaign: Campaign, fields: dict[str, Any]) -> bool:
    """Set the fields; returns whether recipients must be checked again. Raises Refused."""
    changed = [name for name, value in fields.items() if _differs(campaign, name, value)]
    for name in changed:
        setattr(campaign, name, fields[name])
    if not campaign.name.strip():
        raise Refused(_("Give the campaign a name."))
    if campaign.number_id is None:
        raise Refused(_("Choose the number that the messages leave from."))
    template = campaign.template
    if template and template.channel_id != campaign.number.channel_id:
        raise Refused(_("%(template)s belongs to another channel.") % {"template": template})
    if template and not template.usable:
        raise Refused(_("The provider does not let %(template)s be sent.") % {"template": template})
    if template and campaign.file:
        raise Refused(_("No file can be sent along with a template."))
    if campaign.extension and campaign.queue:
        raise Refused(_("Choose an extension or a queue, not both."))
    return any(FIELDS[name] for name in changed)


def _differs(campaign: Campaign, name: str, value: Any) -> bool:
    field = Campaign._meta.get_field(name)
    now = getattr(campaign, field.attname)
    return bool(now != (value.pk if field.is_relation and value is not None else value))


def _lock(campaign: Campaign) -> None:
    """Take the campaign as it is now, and hold it. Raises Refused unless it is a draft."""
    drafts = Campaign.objects.kept().select_for_update().filter(state=Campaign.DRAFT)
    if not drafts.filter(pk=campaign.pk).exists():
        raise Refused(_("Only a draft can be changed. Clone the campaign instead."))
    campaign.refresh_from_db()
