"""What the workers run: find the object, call who knows. Running a task twice does no harm."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_process_shutdown, worker_shutdown
from django.utils import timezone

from . import asking, campaigns, delivery, files, forwarding, outbox, pushing, upkeep
from .desk import card_import


@shared_task(name=outbox.bell.DRAIN)
def drain(channel: int) -> None:
    """Somebody rang: this process's pump sends what is due in the channel."""
    outbox.answer_bell(channel)
    outbox.the_pump().ring(channel)


@shared_task(name=outbox.bell.FORWARD)
@outbox.alone
def forward() -> None:
    """Post the events that wait for platforms, doors and webhooks."""
    outbox.answer_bell(outbox.bell.FORWARD)
    forwarding.number_all()
    outbox.listen_for_changes()
    forwarding.deliver_due()


@shared_task(name=pushing.PUSH)
def push() -> None:
    """Tell the browsers of agents who have not looked at what came."""
    pushing.push(pushing.rung())


@shared_task(name=outbox.bell.LOAD_FILES)
@outbox.alone
def load_files() -> None:
    """Get the files that customers sent by address."""
    outbox.answer_bell(outbox.bell.LOAD_FILES)
    for attachment in files.fetch_due():
        upkeep.show_file(attachment)


@shared_task(name="routing.ring_forgotten")
def ring_forgotten() -> None:
    """Find what a lost broker forgot, and what a dead worker left behind."""
    outbox.ring_forgotten()
    outbox.reap()
    delivery.match_recent_orphans(timezone.now())


@shared_task(name="routing.close_idle")
@outbox.alone
def close_idle() -> None:
    upkeep.close_idle()


@shared_task(name="routing.wake")
@outbox.alone
def wake() -> None:
    """Bring back the snoozed sessions whose time has come."""
    upkeep.wake_snoozed()


@shared_task(name="routing.poll")
@outbox.alone
def poll() -> None:
    upkeep.poll_all()


@shared_task(name=outbox.bell.GET_NAMES)
@outbox.alone
def get_names() -> None:
    """Ask networks that do not send it along for the names of new customers."""
    outbox.answer_bell(outbox.bell.GET_NAMES)
    asking.get_names()


@shared_task(name=outbox.bell.CAMPAIGNS)
def send_campaigns() -> None:
    """Hand recipients to the outbox, and come again while a campaign is being sent."""
    outbox.answer_bell(outbox.bell.CAMPAIGNS)
    if after := campaigns.round_of_all():
        outbox.ring_for(outbox.bell.CAMPAIGNS, after=after)


@shared_task(name=outbox.bell.READ_LISTS)
def read_lists() -> None:
    """Read lists of recipients and check who would get their campaigns."""
    outbox.answer_bell(outbox.bell.READ_LISTS)
    left = [campaigns.read_some(), campaigns.check_some(), campaigns.clear_deleted()]
    if any(left):
        outbox.ring_for(outbox.bell.READ_LISTS)


@shared_task(name="routing.count_answers")
@outbox.alone
def count_answers() -> None:
    campaigns.look()


@shared_task(name="routing.sync_templates")
@outbox.alone
def sync_templates() -> None:
    asking.sync_all_templates()


@shared_task(name="routing.clean")
@outbox.alone
def clean() -> None:
    """Delete files and log entries whose time is up."""
    for _ in range(100):
        if not files.clean():
            break
    upkeep.clean_logs()
    upkeep.clean_rest()
    pushing.remember()


@shared_task(name=card_import.TASK)
@outbox.alone
def import_cards() -> None:
    """Read, check and apply the files of customers that wait for it."""
    outbox.answer_bell(card_import.TASK)
    card_import.work()


@worker_shutdown.connect
@worker_process_shutdown.connect
def _stop_pump(**_: object) -> None:
    if outbox.the_pump.cache_info().currsize:
        outbox.the_pump().stop()
