"""A session that we begin."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels_app.fields import normalise
from channels_app.models import Number, Template
from providers.base import Provider

from ..models import Customer, Extension, Session
from .refusing import Refused
from .telling import audiences, nudge, say
from .writing import by_key, ready, write_kept


def numbers_to_start_from(extension: Extension) -> QuerySet[Number]:
    """Our numbers from which this agent may start sessions, those of the default channel first."""
    allowed = Number.objects.filter(rule__may_start=extension).select_related("channel")
    return allowed.order_by("-channel__default_outgoing", "value")


def start(
    extension: Extension,
    number: Number,
    recipient: str,
    text: str = "",
    *,
    upload: Sequence[File] = (),
    template: Template | None = None,
    values: Sequence[str] = (),
    client_key: str = "",
) -> Session:
    """Start a session with a customer by a first message; goes on in an open one.

    An open session that another agent holds is taken over if the channel allows it. Raises Refused.
    """
    if client_key and (first := by_key(extension, client_key)):
        return first.session
    if not numbers_to_start_from(extension).filter(pk=number.pk).exists():
        raise Refused(_("You may not start sessions from %(number)s.") % {"number": number})
    provider = number.channel.provider_class
    known = {"network": provider.network, "address": address_of(provider, recipient)}
    check_may_begin(number, known["address"])
    with ready(number.channel, text, upload, template) as kept, transaction.atomic():
        customer, _made = Customer.objects.get_or_create(**known)
        session = _open_for(extension, number, customer)
        write_kept(extension, session, text, kept, template, values, client_key)
    return session


def check_may_begin(number: Number, address: str) -> None:
    """Raise Refused where only customers can begin and this one has not written yet."""
    provider = number.channel.provider_class
    if provider.starts:
        return
    wrote = Session.objects.filter(number=number, inbound_at__isnull=False)
    known = Customer.objects.filter(network=provider.network, address=address)
    if not wrote.filter(customer__in=known).exists():
        said = _(
            "In %(provider)s only the customer can begin: "
            "this one has not written to this number yet."
        )
        raise Refused(said % {"provider": provider.name})


def address_of(provider: type[Provider], typed: str) -> str:
    """A customer's address as webhooks bring it, from what a person typed. Raises Refused."""
    if provider.network == Customer.PHONE:
        try:
            return normalise(typed, settings.PHONE_REGION)
        except ValidationError:
            said = _(
                "“%(typed)s” is not a phone number. Write it with country code, like +41791234510."
            )
            raise Refused(said % {"typed": typed[:60]}) from None
    try:
        found = provider.customer_address(typed)
    except ValueError as error:
        raise Refused(str(error)) from None
    if not found or len(found) > 255:
        said = _("Enter the customer's address in %(provider)s.")
        raise Refused(said % {"provider": provider.name})
    return found


def _open_for(extension: Extension, number: Number, customer: Customer) -> Session:
    """The customer's open session at this number, made or taken over for the agent."""
    session, made = Session.objects.get_or_create(
        number=number,
        customer=customer,
        closed_at=None,
        defaults={
            "channel": number.channel,
            "holder": extension,
            "last_inbound": False,
            "last_text": "",
        },
    )
    if made:
        say(session, "started", f"{extension.name} started the session", extension)
        return session
    if Session.objects.for_extension(extension).filter(pk=session.pk).exists():
        return session
    owner = session.holder or session.queue or session.platform
    if owner is None and session.adopt(holder=extension):  # only a campaign has written there
        say(session, "started", f"{extension.name} started the session", extension)
        return session
    if not number.channel.allow_second_session:
        said = _("This customer already has an active session with %(owner)s.")
        raise Refused(said % {"owner": owner})
    before = audiences(session)
    session.move(session.holder, holder=extension)
    say(session, "taken_over", f"{extension.name} took over from {owner}", extension)
    nudge({*before, *audiences(session)}, session)
    return session
