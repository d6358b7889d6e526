"""Campaigns for tests, and a provider's part in them."""

from __future__ import annotations

from collections import Counter

from channels_app.models import Number
from routing import campaigns
from routing.delivery import settle
from routing.models import Campaign, Message, Recipient
from routing.outbox import claim

from ..factories import NumberFactory

#: Django's test transactions never commit, so that bells never ring: work is done by hand.
CSV = "name,number\nAnna,+41791110001\nBea,079 111 00 02\nCilla,+41791110003\n"


def draft(listed: str = CSV, text: str = "Hello {{name}}", **fields: object) -> Campaign:
    """A draft whose list is read and whose recipients are checked."""
    number = fields.pop("number", None) or NumberFactory(channel__rate=1000)
    region = str(fields.pop("region", "CH"))
    campaign = campaigns.make(name="Spring", number=number, text=text, **fields)
    campaigns.set_list(campaign, listed, region=region)
    return ready(campaign)


def ready(campaign: Campaign) -> Campaign:
    """The campaign once its list is read and checked."""
    campaigns.read_some()
    campaigns.check_some()
    campaign.refresh_from_db()
    return campaign


def begun(listed: str = CSV, **fields: object) -> Campaign:
    """A campaign whose first recipients are in the outbox."""
    campaign = draft(listed, **fields)
    campaigns.start(campaign)
    campaigns.round_of_all()
    campaign.refresh_from_db()
    return campaign


def numbers(count: int) -> str:
    return "\n".join(f"+417911{n:05}" for n in range(count))


def leave(number: Number, status: str = Message.SENT, most: int = 1000) -> int:
    """Let the provider take what is in the outbox; returns how many messages there were."""
    claimed = claim({number.channel_id: most})
    for each in claimed:
        each.outcome.status = status
        each.outcome.provider_ids = [f"id-{each.outcome.reference}"]
    settle([each.outcome for each in claimed], {number.channel_id: number.channel})
    return len(claimed)


def rows(campaign: Campaign) -> dict[str, int]:
    """How many recipients there are in each state, counted."""
    states = Recipient.objects.filter(campaign=campaign).values_list("state", flat=True)
    return dict.fromkeys(Recipient.STATES, 0) | Counter(states)


def reasons(campaign: Campaign) -> dict[str, str]:
    """Why recipients are left out, by what the list has of them."""
    left = Recipient.objects.filter(campaign=campaign, state=Recipient.LEFT_OUT)
    return dict(left.values_list("given", "reason"))
