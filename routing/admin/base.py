"""What the admin's pages share: the base classes, badges, and a paginator that never counts all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from routing.models import Message

#: Nobody turns 200 pages; a filter finds faster than a count of millions.
COUNTED = 10_000

MESSAGE_COLOURS = {
    Message.RECEIVED: "primary",
    Message.QUEUED: "warning",
    Message.SENDING: "info",
    Message.SENT: "info",
    Message.DELIVERED: "success",
    Message.READ: "success",
    Message.FAILED: "danger",
    Message.UNKNOWN: "warning",
}


class BoundedPaginator(Paginator):
    """Counts no further than COUNTED, so that a list of millions opens as fast as one of ten."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list[: COUNTED + 1].count())


def badge(text: str, colour: str = "", *, title: str = "") -> SafeString:
    """A small coloured label. Colours: info, danger, warning, success, primary, or none."""
    return render_to_string(
        "unfold/helpers/label.html", {"text": text, "type": colour, "label_title": title}
    )


def message_badge(message: Message) -> SafeString:
    """The status of a message as a badge; its reason is the title."""
    return badge(
        message.get_status_display(), MESSAGE_COLOURS.get(message.status, ""), title=message.reason
    )


def moment(field: str, description: str) -> Any:
    """A column for a date and time, in the 24 hours that logs are read in."""

    @display(description=description, ordering=field)
    def column(admin: ModelAdmin, row: Model) -> str:
        at = getattr(row, field)
        return date_format(timezone.localtime(at), "j M Y, H:i:s") if at else "–"

    return column


class PlainList(ChangeList):
    """A list that offers to show all only where a filter hides some."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.has_active_filters or self.query):
            self.full_result_count = self.result_count


class ParleyAdmin(ModelAdmin):
    """The look of every page."""

    compressed_fields = True
    warn_unsaved_form = True
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    show_full_result_count = False
    #: Shown in an empty list: an icon, a title, what to do first.
    teaching: tuple[str, str, str] | None = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PlainList

    def why_not_delete(self, thing: Any) -> str:
        """What stands against deleting it, in a sentence; "" if nothing does."""
        return ""

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        thing = self.get_object(request, unquote(object_id))
        allowed = thing is not None and self.has_delete_permission(request, thing)
        if allowed and (problem := self.why_not_delete(thing)):
            messages.error(request, problem)
            page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(page, args=[object_id]))
        return super().delete_view(request, object_id, extra_context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return super().changelist_view(
            request, {"teaching": self.teaching, **(extra_context or {})}
        )


class ReadOnlyAdmin(ParleyAdmin):
    """Facts that Parley wrote: to be read by those who may view them, changed by nobody."""

    paginator = BoundedPaginator
    warn_unsaved_form = False
    actions_on_top = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def may_act(self, request: HttpRequest) -> bool:
        """Whether this user may change such rows by a button, where there is one."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))

    # Django asks these methods for actions that name the permission "act".
    has_act_permission = may_act
