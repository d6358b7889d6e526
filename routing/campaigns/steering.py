"""What people do to a campaign: start, pause, resume, stop, retry, clone, delete.

Whatever is refused is raised as Refused, with a sentence.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import outbox
from ..desk import Refused
from ..models import Attachment, Campaign, Message, Recipient, StateCount
from ..models.recipients import count, follow
from .answers import newest

BATCH = 500
STOPPED = "The campaign was stopped before this could be sent."


def start(campaign: Campaign, now: datetime | None = None) -> None:
    """Let the campaign send, at once or at its time. Raises Refused."""
    if reason := why_not_start(campaign):
        raise Refused(reason)
    now = now or timezone.now()
    later = campaign.starts_at is not None and campaign.starts_at > now
    mine = Campaign.objects.filter(pk=campaign.pk, checked=True)
    state = Campaign.SCHEDULED if later else Campaign.RUNNING
    new = mine.filter(state__in=(Campaign.DRAFT, Campaign.SCHEDULED))
    changes = {} if later else {"started_at": now}
    if not new.move(state, answers_to=newest(), **changes):
        raise Refused(_("This campaign has started already."))
    campaign.refresh_from_db()
    _ring()


def why_not_start(campaign: Campaign) -> str:
    """What is still lacking, in a sentence; "" if nothing is."""
    if campaign.state not in (Campaign.DRAFT, Campaign.SCHEDULED):
        return _("This campaign has started already.")
    if campaign.list_fault:
        return campaign.list_fault
    if campaign.is_reading:
        return _("The list of recipients is still being read.")
    if not campaign.lines_read:
        return _("The campaign has no recipients.")
    if not (campaign.text.strip() or campaign.template or campaign.file):
        return _("Write a text, or choose a template or a file.")
    if not campaign.checked:
        return _("The recipients are still being checked.")
    if not campaign.counts()[Recipient.WAITING]:
        return _("Nobody would get this: see why in the list of recipients.")
    return ""


def unschedule(campaign: Campaign) -> None:
    """Make a scheduled campaign a draft again, to be changed. Raises Refused."""
    if not campaign.move(Campaign.DRAFT):
        raise Refused(_("Only a campaign that is scheduled can go back to a draft."))


def pause(campaign: Campaign) -> None:
    """Send no more for now: what has not left comes back out of the outbox. Raises Refused."""
    if not campaign.move(Campaign.PAUSED):
        raise Refused(_("Only a campaign that is being sent can be paused."))
    recall(campaign)


def resume(campaign: Campaign) -> None:
    """Go on. Raises Refused."""
    if not Campaign.objects.filter(pk=campaign.pk, state=Campaign.PAUSED).move(Campaign.RUNNING):
        raise Refused(_("Only a paused campaign can be resumed."))
    campaign.refresh_from_db()
    mine = Message.objects.filter(campaign_recipient__campaign=campaign)
    parked = mine.filter(campaign_recipient__state=Recipient.QUEUED, due_at=None)
    parked.filter(status=Message.QUEUED).update(due_at=timezone.now())
    _ring()


def stop(campaign: Campaign) -> None:
    """End it for good: from now on nothing more leaves. Raises Refused."""
    if not campaign.move(Campaign.STOPPED, ended_at=timezone.now(), retried_to=None):
        raise Refused(_("Only a campaign that has begun can be stopped."))
    recall(campaign)


def retry_failed(campaign: Campaign) -> None:
    """Send the failed ones once more, each once. Raises Refused.

    Not the unknown ones: they may have arrived.
    """
    if not campaign.counts()[Message.FAILED]:
        raise Refused(_("No message of this campaign has failed."))
    done = Campaign.objects.kept().filter(pk=campaign.pk)
    if campaign.state == Campaign.DONE:
        moved = done.move(Campaign.RUNNING, retried_to=0, ended_at=None)
    else:
        moved = done.filter(state=Campaign.RUNNING).update(retried_to=0)
    if not moved:
        raise Refused(_("Failed messages can be tried again while the campaign is sent, or after."))
    campaign.refresh_from_db()
    _ring()


def delete(campaign: Campaign) -> None:
    """Let the campaign go, with its recipients; its messages stay. Raises Refused."""
    gone = Campaign.objects.kept().filter(pk=campaign.pk)
    if not gone.exclude(state__in=(Campaign.RUNNING, Campaign.PAUSED)).update(
        deleted_at=timezone.now()
    ):
        raise Refused(_("Stop the campaign before you delete it."))
    transaction.on_commit(lambda: outbox.ring_for(outbox.bell.READ_LISTS))


def recall(campaign: Campaign) -> int:
    """Take the campaign's messages that have not left back out of the outbox; returns how many.

    Whoever claims a message first has it. Run it again while anything of a paused or stopped
    campaign is in the outbox: what was on its way may come back to be tried again.
    """
    recalled, after = 0, 0
    while True:
        with transaction.atomic():
            mine = Recipient.objects.filter(campaign=campaign, state=Recipient.QUEUED)
            rows = list(
                mine.filter(pk__gt=after).order_by("pk").values_list("pk", "message")[:BATCH]
            )
            if not rows:
                return recalled
            after = rows[-1][0]
            recalled += _recall(campaign, {message: row for row, message in rows if message})


def _recall(campaign: Campaign, rows: dict[int, int]) -> int:
    """``rows`` are recipients by message."""
    queued = Message.objects.filter(pk__in=rows, status=Message.QUEUED).order_by("pk")
    held = dict(queued.select_for_update(of=("self",)).values_list("pk", "attempts"))
    fresh = [pk for pk, attempts in held.items() if not attempts]
    tried = [pk for pk, attempts in held.items() if attempts]
    Recipient.objects.filter(pk__in=[rows[pk] for pk in fresh]).update(
        state=Recipient.WAITING, message=None
    )
    Attachment.objects.filter(message__in=fresh).delete()
    Message.objects.filter(pk__in=fresh).delete()
    changed = len(fresh)
    ended = Message.objects.filter(pk__in=tried)
    if campaign.state == Campaign.STOPPED:
        changed += ended.advance(Message.FAILED, reason=STOPPED)
        follow(tried)
    else:
        changed += ended.filter(due_at__isnull=False).update(due_at=None)
    count(
        [(campaign.pk, Recipient.QUEUED, -len(fresh)), (campaign.pk, Recipient.WAITING, len(fresh))]
    )
    return changed


def recall_left(most: int = 20) -> None:
    """Look again after paused and stopped campaigns that still have something in the outbox."""
    left = StateCount.objects.filter(
        state=Recipient.QUEUED,
        number__gt=0,
        campaign__state__in=(Campaign.PAUSED, Campaign.STOPPED),
    )
    for each in left.select_related("campaign")[:most]:
        recall(each.campaign)


def _ring() -> None:
    transaction.on_commit(lambda: outbox.ring_for(outbox.bell.CAMPAIGNS))
