"""Two cards of one customer become one; which cards may be of one customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from channels_app.fields import normalise
from providers import registry

from ..models import Card, CardEvent, Customer, FieldValue, ImportRow, Session
from ..models.cards import CardQuerySet, dialled
from .card_facts import TEXTS, told
from .cards import settle, tell
from .refusing import Refused

SUGGESTED = 5
PAIRS = 50


def merge(by: Any, kept: Card, other: Card, wins: Mapping[str, str] | None = None) -> Card:
    """Fold ``other`` into ``kept``: addresses and with them all sessions, tags, fields, history.

    ``wins`` names the facts that the other card decides ({"email": "other"}); of the rest, the kept
    card's stay, and where it says nothing the other's are taken. What the other card said is kept
    in the record. Raises Refused.
    """
    if kept.pk == other.pk:
        raise Refused(_("Choose two different customers."))
    wins = wins or {}
    with transaction.atomic():
        both = Card.objects.select_for_update(of=("self",)).order_by("pk")
        found = {card.pk: card for card in both.filter(pk__in=[kept.pk, other.pk])}
        if len(found) < 2:
            raise Refused(_("This customer was deleted or merged meanwhile."))
        kept, other = found[kept.pk], found[other.pk]
        sessions = Session.objects.filter(customer__card=other).count()
        record = {"merged": told(other), "before": told(kept), "sessions": sessions}
        for name in (*TEXTS, "manager"):
            theirs = getattr(other, name)
            if theirs and (not getattr(kept, name) or wins.get(name) == "other"):
                setattr(kept, name, theirs)
        chosen = {"kept": kept.vip, "other": other.vip}
        kept.vip = chosen.get(wins.get("vip", ""), kept.vip or other.vip)
        _values(kept, other, wins)
        kept.tags.add(*other.tags.all())
        Customer.objects.filter(card=other).update(card=kept)
        CardEvent.objects.filter(card=other).update(card=kept)
        ImportRow.objects.filter(card=other).update(card=kept)
        other.delete()
        settle(kept)
        CardEvent.note(kept, CardEvent.MERGED, by, record)
        tell(kept)
    return kept


def _values(kept: Card, other: Card, wins: Mapping[str, str]) -> None:
    own = {value.field_id: value for value in kept.values.all()}
    for value in other.values.all():
        mine = own.get(value.field_id)
        if mine is None:
            FieldValue.objects.filter(pk=value.pk).update(card=kept)
        elif wins.get(f"field-{value.field_id}") == "other":
            FieldValue.objects.filter(pk=mine.pk).update(text=value.text)


def alike(seen: CardQuerySet, card: Card) -> list[Card]:
    """Other cards that may be of the same customer: the same e-mail, a number in another form."""
    same = Q(email=card.email) if card.email else Q()
    if wanted := {form for each in card.addresses.all() for form in forms(each.address)}:
        same |= Q(pk__in=_having(wanted))
    return list(seen.filter(same).exclude(pk=card.pk)[:SUGGESTED]) if same else []


def with_numbers(seen: CardQuerySet, addresses: Iterable[str]) -> list[Card]:
    """Cards that have one of these numbers, in whatever form and network."""
    wanted = {form for each in addresses for form in forms(each)}
    if not wanted:
        return []
    return list(seen.filter(pk__in=_having(wanted))[:SUGGESTED])


def pairs(seen: CardQuerySet) -> list[tuple[str, Card, Card]]:
    """Cards that may be of one customer, two and two, with the reason; the first of them."""
    mails = seen.exclude(email="").order_by().values("email").annotate(n=Count("pk"))
    twice = list(mails.filter(n__gt=1).values_list("email", flat=True)[:PAIRS])
    found: dict[tuple[int, int], tuple[str, Card, Card]] = {}
    first: dict[str, Card] = {}
    for card in seen.filter(email__in=twice).order_by("pk")[: PAIRS * 2]:
        if card.email in first:
            kept = first[card.email]
            found[kept.pk, card.pk] = (card.email, kept, card)
        first.setdefault(card.email, card)
    odd = Customer.objects.filter(card__in=seen.values("pk")).select_related("card")
    odd = odd.exclude(Q(network=Customer.PHONE) & Q(address__startswith="+"))
    written = {form: each for each in odd.order_by("-pk")[:PAIRS] for form in forms(each.address)}
    same = Customer.objects.filter(network__in=_networks(), address__in=written)
    for each in same.filter(card__in=seen.values("pk")).select_related("card"):
        one, other = sorted((each.card, written[each.address].card), key=lambda card: card.pk)
        if one.pk != other.pk:
            found.setdefault((one.pk, other.pk), (each.address, one, other))
    return list(found.values())[:PAIRS]


def forms(address: str) -> set[str]:
    """All ways in which networks and people write this number; none if it is no phone number."""
    digits = address.lstrip("+")
    if not (digits.isdecimal() and digits.isascii() and len(digits) >= 7):
        return set()
    found = {address}
    for region in {"", settings.PHONE_REGION} if not address.startswith("+") else {""}:
        try:
            known = normalise(address, region)
        except ValidationError:
            continue
        found |= {known, known[1:], f"00{known[1:]}"}
        if _of_this_country(known):
            found |= {dialled(known)[-1], f"0{dialled(known)[-1]}"}
    return found


def _of_this_country(number: str) -> bool:
    """Whether it is likely to be meant where it is written without its country code."""
    home = settings.PHONE_REGION
    try:
        return not home or normalise(dialled(number)[-1], home) == number
    except ValidationError:
        return False


def _having(wanted: Iterable[str]) -> QuerySet[Customer, Any]:
    """The keys of the cards that have one of these addresses."""
    same = Customer.objects.filter(network__in=_networks(), address__in=wanted)
    return same.exclude(card=None).values("card")


def _networks() -> set[str]:
    """All networks, so that the index by network and address serves."""
    return {registry.get(slug).network for slug in registry.slugs()}
