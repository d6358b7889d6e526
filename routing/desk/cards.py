"""The address book: adding, changing, joining and deleting customers' cards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import live
from ..models import Card, CardEvent, Customer, Extension, FieldValue, Session
from .card_facts import Facts, Mistakes, told
from .refusing import Refused
from .telling import audiences

TOLD = 50  # open sessions of one customer whose browsers are told


def keep(by: Any, card: Card | None, facts: Facts, joining: Customer | None = None) -> Card:
    """Add or change a card; ``by`` is an extension or a user. ``joining`` becomes one of its
    addresses.

    Raises Refused, and Mistakes where an input is to blame.
    """
    with transaction.atomic():
        made = card is None
        card = _locked(card) if card else Card(made_by=by if isinstance(by, Extension) else None)
        before = {} if made else told(card)
        for name, text in facts.texts.items():
            setattr(card, name, text)
        if facts.vip is not None:
            card.vip = facts.vip
        if facts.manager is not None:
            card.manager = next(iter(facts.manager), None)
        card.save()
        if joining is not None:
            _join(card, joining)
        if facts.numbers is not None:
            _number(card, facts.numbers, joining)
        _fill(card, facts.values)
        if facts.tags is not None:
            card.tags.set(facts.tags)
        settle(card)
        if not (card.title or card.email or card.addresses.exists()):
            raise Refused(_("Write at least a name, a company, a number or an e-mail address."))
        after = told(card)
        if before != after:
            changed = {n: [before.get(n), now] for n, now in after.items() if before.get(n) != now}
            kind = CardEvent.MADE if made else CardEvent.CHANGED
            CardEvent.note(card, kind, by, {} if made else changed)
            tell(card)
    return card


def join(by: Any, card: Card, customer: Customer) -> None:
    """Make a bare address one of the card's. Raises Refused if it has another card already."""
    with transaction.atomic():
        card = _locked(card)
        _join(card, customer)
        settle(card)
        CardEvent.note(card, CardEvent.CHANGED, by, {"addresses": [[], [customer.address]]})
        tell(card)


def delete(by: Any, card: Card) -> None:
    """Delete a card on which nothing hangs. Raises Refused, with what does."""
    with transaction.atomic():
        card = _locked(card)
        sessions = Session.objects.filter(customer__card=card).count()
        if sessions:
            words = ngettext(
                "%(who)s has %(count)s session, so the card must stay. Merge it with another one, "
                "or let an administrator erase the customer.",
                "%(who)s has %(count)s sessions, so the card must stay. Merge it with another one, "
                "or let an administrator erase the customer.",
                sessions,
            )
            raise Refused(words % {"who": card, "count": sessions})
        CardEvent.note(card, CardEvent.DELETED, by, told(card))
        addresses = Customer.objects.filter(card=card)
        try:
            with transaction.atomic():
                addresses.delete()
        except ProtectedError:
            addresses.update(card=None, name="")
        card.delete()


def settle(card: Card) -> None:
    """Write down what follows from a card's facts: where it is found, what its addresses say."""
    addresses = list(card.addresses.order_by("pk").values_list("address", flat=True))
    card.derive(addresses)
    card.save()
    if card.title:
        Customer.objects.filter(card=card).exclude(name=card.title).update(name=card.title)


def tell(card: Card) -> None:
    """Let the browsers that show the customer's open sessions look again, after the commit."""
    found = Session.objects.open().filter(customer__card=card).order_by("-last_at")[:TOLD]
    nudges = [(audiences(s), {"session": s.pk}) for s in found]
    transaction.on_commit(lambda: live.nudge_many(nudges))


def _locked(card: Card) -> Card:
    found = Card.objects.select_for_update(of=("self",)).filter(pk=card.pk).first()
    if found is None:
        raise Refused(_("This customer was deleted or merged meanwhile."))
    return found


def _join(card: Card, customer: Customer) -> None:
    free = Customer.objects.filter(pk=customer.pk, card=None)
    if not free.update(card=card) and not Customer.objects.filter(pk=customer.pk, card=card):
        raise Refused(_("%(address)s has a card already.") % {"address": customer.address})


def _number(card: Card, numbers: dict[str, str], joining: Customer | None) -> None:
    """Give the card these phone numbers and no others."""
    known = Customer.objects.filter(network=Customer.PHONE, address__in=list(numbers))
    held = {each.address: each for each in known.select_for_update(of=("self",))}
    _check_free(card, held.values())
    Customer.objects.bulk_create(
        Customer(address=number, kind=kind, card=card)
        for number, kind in numbers.items()
        if number not in held
    )
    for number, each in held.items():
        if each.card_id is None or each.kind != numbers[number]:
            Customer.objects.filter(pk=each.pk).update(card=card, kind=numbers[number])
    gone = Customer.objects.filter(card=card, network=Customer.PHONE, address__startswith="+")
    kept = [*numbers, *([joining.address] if joining else [])]
    gone.exclude(address__in=kept).update(card=None, name="", kind="")


def _check_free(card: Card, addresses: Iterable[Customer]) -> None:
    for each in addresses:
        if each.card_id not in (None, card.pk):
            words = _("%(number)s belongs to another customer. Merge the two instead.")
            raise Mistakes({"number-0": words % {"number": each.address}})


def _fill(card: Card, values: dict[int, str]) -> None:
    FieldValue.objects.filter(
        card=card, field__in=[k for k, text in values.items() if not text]
    ).delete()
    FieldValue.objects.bulk_create(
        [FieldValue(card=card, field_id=key, text=text) for key, text in values.items() if text],
        update_conflicts=True,
        unique_fields=["card", "field"],
        update_fields=["text"],
    )
