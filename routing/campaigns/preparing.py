"""A short list is read and checked at once, for who asks to send in the same breath."""

from __future__ import annotations

from time import monotonic

from ..models import Campaign
from . import lists
from .checking import _check_batch
from .reading import read


def prepare(campaign: Campaign, seconds: float = 15.0) -> bool:
    """Read and check the draft's list; returns whether it was done in time.

    What is wrong with the list as a whole is then the campaign's ``list_fault``.
    """
    until = monotonic() + seconds
    try:
        while campaign.is_reading and monotonic() < until:
            read(campaign, until)
            campaign.refresh_from_db()
    except lists.Unreadable as error:
        Campaign.objects.filter(pk=campaign.pk).update(list_fault=str(error)[:500])
    while monotonic() < until and _check_batch(campaign.pk):
        pass
    campaign.refresh_from_db()
    return campaign.checked
