"""message_campaign: one text to many customers."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from channels_app.models import Number, Template

from ... import campaigns
from ...desk import Refused
from ...models import Campaign, Door, Extension, Message, Queue, Recipient
from . import channels, people, uploads
from .reading import Given
from .words import NOT_FOUND, PARAMETER, SYNTAX, TOO_MANY, Refusal, wrong

MOST_RECIPIENTS = 1_000
MODES = {"new_session": Campaign.SESSIONS, "direct": Campaign.DIRECT}
STATES = {
    Campaign.DRAFT: "draft",
    Campaign.SCHEDULED: "scheduled",
    Campaign.RUNNING: "executing",
    Campaign.PAUSED: "pending",
    Campaign.STOPPED: "stop",
    Campaign.DONE: "completed",
}
FAILED = (Message.FAILED, Message.UNKNOWN, Recipient.LEFT_OUT)


def _theirs(door: Door) -> QuerySet[Campaign]:
    found = Campaign.objects.kept().filter(number__in=door.reach.values("pk"))
    related = ("number__channel", "template", "extension", "queue")
    return found.select_related(*related).prefetch_related("state_counts")


def _one_of(door: Door, given: Given) -> Campaign:
    found = _theirs(door).filter(pk=given.whole("id")).first()
    if found is None:
        raise Refusal(NOT_FOUND, "There is no such message campaign.")
    return found


def listed(door: Door, given: Given) -> dict[str, Any]:
    """list and search: the newest first."""
    found = _theirs(door)
    if word := given.text("search_value"):
        found = found.filter(name__icontains=word)
    page = [_row(each) for each in found.order_by("-pk")[given.page()]]
    return {"total_number": found.count(), "list": page}


def _row(campaign: Campaign) -> dict[str, Any]:
    counts = campaign.counts()
    whole, failed = sum(counts.values()), sum(counts.get(state, 0) for state in FAILED)
    at = campaign.starts_at or campaign.started_at
    return {
        "id": campaign.pk,
        "name": campaign.name,
        "channel_type": channels.type_of(campaign.channel),
        "omnichannel_id": campaign.channel.pk,
        "sender": campaign.number.value,
        "status": "retrying" if campaign.is_retrying else STATES[campaign.state],
        "send_time": int(at.timestamp()) if at else 0,
        "result_count": f"{failed}/{whole}",
        "response_rate": f"{100 * campaign.answered / whole if whole else 0:.1f}%",
    }


def one(door: Door, given: Given) -> dict[str, Any]:
    found = _told(_one_of(door, given))
    return {"data": found, "list": found}


def many(door: Door, given: Given) -> dict[str, Any]:
    found = [_told(each) for each in _theirs(door).filter(pk__in=given.ids())]
    if not found:
        raise Refusal(NOT_FOUND)
    return {"data": found, "list": found}


def _told(campaign: Campaign) -> dict[str, Any]:
    to = campaign.extension or campaign.queue
    kind = "template" if campaign.template else "document" if campaign.file else "text"
    words = {ours: word for word, ours in MODES.items()}
    param = {"name": campaign.template.name, "params": campaign.values} if campaign.template else ""
    return _row(campaign) | {
        "sender_id": campaign.number_id,
        "content_type": kind,
        "content": campaign.text,
        "msg_param": json.dumps(param, ensure_ascii=False) if param else "",
        "send_mode": words[campaign.mode],
        "assign_to_type": "queue" if campaign.queue else "extension" if campaign.extension else "",
        "assign_to_id": to.pk if to else 0,
    }


def create(door: Door, given: Given) -> dict[str, Any]:
    """A draft, checked, and started unless it is to stay one; nothing is left if that fails."""
    given.word("channel_type", ("sms", "whatsapp"))
    given.word("recipient_type", ("input", "phonebook"))
    given.word("content_type", tuple(CONTENTS))
    number = _number(door, given)
    campaign = campaigns.make(
        str(door), name=given.text("name", required=True, most=127), number=number
    )
    try:
        _fill(door, given, campaign)
    except BaseException:
        campaigns.delete(campaign)
        raise
    return {"id": campaign.pk}


def update(door: Door, given: Given) -> dict[str, Any]:
    """Only before it has begun."""
    campaign = _one_of(door, given)
    if "name" in given:
        campaigns.change(campaign, name=given.text("name", most=127))
    if "sender" in given:
        campaigns.change(campaign, number=_number(door, given))
    _fill(door, given, campaign)
    return {}


def delete(door: Door, given: Given) -> dict[str, Any]:
    campaigns.delete(_one_of(door, given))
    return {}


def retry(door: Door, given: Given) -> dict[str, Any]:
    """Send the failed ones once more."""
    campaigns.retry_failed(_one_of(door, given))
    return {}


def _fill(door: Door, given: Given, campaign: Campaign) -> None:
    when, at = _when(given)
    fields: dict[str, Any] = {"starts_at": at} if when else {}
    if "send_mode" in given:
        fields["mode"] = MODES[given.word("send_mode", tuple(MODES))]
    if "assign_to_type" in given:
        to = _assigned(given)
        fields |= {"extension": to if isinstance(to, Extension) else None}
        fields |= {"queue": to if isinstance(to, Queue) else None}
    upload = None
    if "content_type" in given:
        fields |= CONTENTS[given.word("content_type", tuple(CONTENTS))](given, campaign)
        upload = _document(door, given)
    campaigns.change(campaign, **fields)
    if upload is not None:
        with upload:
            campaigns.set_file(campaign, upload)
    if "recipient_type" in given:
        campaigns.set_list(campaign, "\n".join(_recipients(given)))
    campaign.refresh_from_db()
    ready = campaigns.prepare(campaign)
    if when in ("immediately", "schedule"):
        if not ready and not campaigns.why_not_start(campaign):
            raise Refused("The recipients could not be checked in time. Try again later.")
        campaigns.start(campaign)


def _number(door: Door, given: Given) -> Number:
    """The sender, by its id or its value, in the channel that is named."""
    sender = given.text("sender", required=True, most=64).strip()
    inside = door.reach
    if "omnichannel_id" in given or "id" not in given:
        inside = inside.filter(channel=given.whole("omnichannel_id"))
    found = inside.filter(value=sender).first()
    if found is None and sender.isascii() and sender.isdecimal() and len(sender) < 19:
        found = inside.filter(pk=int(sender)).first()
    if found is None:
        raise wrong("sender", "invalid", "There is no such number in this channel.")
    return found


def _when(given: Given) -> tuple[str, datetime | None]:
    """Seconds since 1970, or a date and time; without a zone, in UTC."""
    if "send_type" not in given and "id" in given:
        return "", None
    when = given.word("send_type", ("immediately", "schedule", "draft"))
    if when != "schedule":
        return when, None
    said = given.text("send_time", required=True, most=40).strip()
    try:
        at = datetime.fromtimestamp(int(said), UTC) if said.isdecimal() else parse_datetime(said)
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise wrong("send_time", "format")
    return when, at if at.tzinfo else at.replace(tzinfo=UTC)


def _recipients(given: Given) -> list[str]:
    """The numbers that were typed. There is no phonebook here."""
    if given.word("recipient_type", ("input", "phonebook")) == "phonebook":
        raise wrong("recipient_type", "oneof", "There is no phonebook here: use input.")
    said = given.found.get("number_list")
    words = said if isinstance(said, list) else re.split(r"[\s,;]+", str(said or ""))
    found = [str(each).strip() for each in words if str(each).strip()]
    if not found:
        raise wrong("number_list", "required")
    if len(found) > MOST_RECIPIENTS:
        raise Refusal(TOO_MANY, f"At most {MOST_RECIPIENTS:,} recipients are taken.")
    if not all(re.fullmatch(r"\+?[0-9 ()./-]{3,40}", each) for each in found):
        raise wrong("number_list", "format")
    return found


def _assigned(given: Given) -> Extension | Queue:
    if given.word("assign_to_type", ("extension", "queue")) == "queue":
        return people.queue(given, "assign_to_id")
    return people.extension(given, "assign_to_id")


def _text(given: Given, campaign: Campaign) -> dict[str, Any]:
    return {"text": given.text("content", required=True, most=10_000), "template": None}


def _beside(given: Given, campaign: Campaign) -> dict[str, Any]:
    return {"text": "", "template": None}


def _template(given: Given, campaign: Campaign) -> dict[str, Any]:
    asked = _param(given)
    named = Template.objects.filter(channel=campaign.channel)
    name = asked.text("name") or given.text("content", required=True)
    found = named.filter(name=name).first()
    if found is None:
        raise Refusal(PARAMETER, "There is no such template.")
    values = asked.found.get("params") or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise wrong("msg_param", "array")
    return {"template": found, "values": values, "text": ""}


def _param(given: Given) -> Given:
    said = given.found.get("msg_param") or {}
    try:
        found = json.loads(said) if isinstance(said, str) else said
    except ValueError:
        raise Refusal(SYNTAX, "msg_param is not JSON.") from None
    if not isinstance(found, dict):
        raise wrong("msg_param", "object")
    return Given(found)


def _document(door: Door, given: Given) -> Any:
    if given.text("content_type") != "document":
        return None
    found = uploads.opened(door, given if given.found.get("files") else _param(given))
    if not found:
        raise wrong("files", "required")
    return found[0]


CONTENTS = {"text": _text, "document": _beside, "template": _template}
