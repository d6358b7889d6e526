"""A batch of an import's lines: what would happen to each, and making it happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ..models import Card, CardField, CardImport, Customer, FieldValue, ImportRow
from .card_columns import typed
from .card_facts import Facts, Known, Mistakes, clean
from .cards import keep
from .refusing import Refused


@dataclass
class Decision:
    """What becomes of one line."""

    row: ImportRow
    facts: Facts
    plan: str
    card: Card | None = None
    reason: str = ""

    @property
    def key(self) -> str:
        return next(iter(self.facts.numbers or ()), "") or self.facts.email or ""


def check(job: CardImport, rows: Sequence[ImportRow]) -> None:
    """Write down what would happen to these lines, and why some are refused."""
    decisions = decide(job, rows)
    keys = {each.key for each in decisions if each.key}
    earlier = ImportRow.objects.filter(job=job, key__in=keys).exclude(plan=ImportRow.REFUSED)
    first = dict(earlier.order_by("-line").values_list("key", "line"))
    for each in decisions:
        each.row.key = each.key
        if each.plan == ImportRow.NEW and each.key in first:
            each.plan = ImportRow.CHANGE
            each.reason = _("The customer of line %(line)s.") % {"line": first[each.key]}
        if each.plan != ImportRow.REFUSED:
            first.setdefault(each.key, each.row.line)
        each.row.plan, each.row.reason = each.plan, each.reason[:500]
    ImportRow.objects.bulk_update([d.row for d in decisions], ["plan", "reason", "key"])


def apply(job: CardImport, rows: Sequence[ImportRow]) -> int:
    """Make the cards what these lines say; returns how many lines are done.

    A line whose customer an earlier line of the batch makes or changes waits for the next one.
    """
    by = job.extension or job.user
    decisions = decide(job, rows)
    seen: set[object] = set()
    done: list[Decision] = []
    fresh: list[Decision] = []
    for each in decisions:
        names: set[object] = set(each.facts.numbers or ()) or {each.facts.email or each.row.line}
        if each.card:
            names.add(each.card.pk)
        if each.plan != ImportRow.REFUSED and names & seen:
            continue
        seen |= names
        if each.plan == ImportRow.NEW:
            fresh.append(each)
        elif each.plan == ImportRow.CHANGE:
            try:
                keep(by, each.card, _added(each))
            except Refused as refused:
                each.plan, each.reason = ImportRow.REFUSED, str(refused)
        done.append(each)
    _make(job, fresh)
    for each in done:
        each.row.outcome, each.row.card = each.plan, each.card
        if each.plan == ImportRow.REFUSED:
            each.row.reason = each.reason[:500]
    ImportRow.objects.bulk_update([d.row for d in done], ["outcome", "card", "reason"])
    return len(done)


def decide(job: CardImport, rows: Sequence[ImportRow]) -> list[Decision]:
    """What each line would do to the customers as they are now."""
    free, known = list(CardField.objects.all()), Known()
    found = []
    for row in rows:
        try:
            facts = clean(typed(row.cells, job.columns["columns"]), free, job.country, known)
            found.append(Decision(row, facts, ImportRow.NEW))
        except Mistakes as mistakes:
            found.append(Decision(row, Facts(), ImportRow.REFUSED, reason=str(mistakes)))
    held = _holders(found)
    mails = _mails(found)
    for each in found:
        if each.plan != ImportRow.REFUSED:
            _match(each, held, mails)
    return found


def _match(each: Decision, held: dict[str, Card], mails: dict[str, list[Card]]) -> None:
    facts = each.facts
    cards = {held[n].pk: held[n] for n in facts.numbers or () if n in held}
    if not facts.numbers and facts.email:
        cards = {card.pk: card for card in mails.get(facts.email, [])}
    if len(cards) > 1:
        names = " / ".join(map(str, cards.values()))
        each.plan = ImportRow.REFUSED
        each.reason = _("It fits several customers: %(names)s.") % {"names": names}
    elif cards:
        each.card = next(iter(cards.values()))
        each.plan = ImportRow.CHANGE if _differs(each.card, facts) else ImportRow.SAME
    elif not (facts.name or facts.company or facts.email or facts.numbers):
        each.plan, each.reason = ImportRow.REFUSED, _("There is nothing in it.")


def _holders(found: Sequence[Decision]) -> dict[str, Card]:
    wanted = {number for each in found for number in each.facts.numbers or ()}
    same = Customer.objects.filter(network=Customer.PHONE, address__in=wanted)
    held = same.exclude(card=None).select_related("card__manager")
    shown = held.prefetch_related("card__values", "card__tags", "card__addresses")
    cards: dict[int, Card] = {}
    return {each.address: cards.setdefault(each.card_id, each.card) for each in shown}


def _mails(found: Sequence[Decision]) -> dict[str, list[Card]]:
    wanted = {each.facts.email for each in found if each.facts.email and not each.facts.numbers}
    mails: dict[str, list[Card]] = {}
    same = Card.objects.filter(email__in=wanted).select_related("manager")
    for card in same.prefetch_related("values", "tags", "addresses"):
        mails.setdefault(card.email, []).append(card)
    return mails


def _differs(card: Card, facts: Facts) -> bool:
    values = {each.field_id: each.text for each in card.values.all()}
    return (
        any(getattr(card, name) != text for name, text in facts.texts.items())
        or facts.vip not in (None, card.vip)
        or (facts.manager or [card.manager]) != [card.manager]
        or any(values.get(key) != text for key, text in facts.values.items())
        or not set(facts.tags or ()) <= set(card.tags.all())
        or not set(facts.numbers or ()) <= {each.address for each in card.addresses.all()}
    )


def _added(each: Decision) -> Facts:
    """The facts of a line beside those that stay: it takes no number and no tag away."""
    facts, card = each.facts, each.card
    if card and facts.numbers is not None:
        own = {a.address: a.kind for a in card.addresses.all() if a.is_phone}
        facts.numbers = own | {n: kind or own.get(n, "") for n, kind in facts.numbers.items()}
    if card and facts.tags is not None:
        facts.tags = list({*card.tags.all(), *facts.tags})
    return facts


def _make(job: CardImport, fresh: Sequence[Decision]) -> None:
    """The new cards of a batch, in a few statements."""
    for each in fresh:
        facts = each.facts
        card = Card(**facts.texts, vip=bool(facts.vip), made_by=job.extension)
        card.manager = next(iter(facts.manager or ()), None)
        card.derive(list(facts.numbers or ()))
        each.card = card
    Card.objects.bulk_create([each.card for each in fresh])
    wanted = {
        n: (each.card, kind) for each in fresh for n, kind in (each.facts.numbers or {}).items()
    }
    known = Customer.objects.filter(network=Customer.PHONE, address__in=wanted)
    bare = list(known.select_for_update(of=("self",)))
    for customer in bare:
        customer.card, customer.kind = wanted[customer.address]
        customer.name = customer.card.title or customer.name
    Customer.objects.bulk_update(bare, ["card", "kind", "name"])
    there = {customer.address for customer in bare}
    Customer.objects.bulk_create(
        Customer(address=number, card=card, kind=kind, name=card.title)
        for number, (card, kind) in wanted.items()
        if number not in there
    )
    FieldValue.objects.bulk_create(
        FieldValue(card=each.card, field_id=key, text=text)
        for each in fresh
        for key, text in each.facts.values.items()
        if text
    )
    through = Card.tags.through
    through.objects.bulk_create(
        through(card=each.card, tag=tag) for each in fresh for tag in each.facts.tags or ()
    )
