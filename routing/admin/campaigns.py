"""Campaigns: their list, the page of one, and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from unfold.decorators import display

from routing import campaigns
from routing.models import Campaign

from . import campaign_results, campaign_steps
from .base import ParleyAdmin, badge, moment
from .campaign_figures import bar, duration, left_out, progress_of, seconds_left, told

COLOURS = {
    Campaign.DRAFT: "",
    Campaign.SCHEDULED: "info",
    Campaign.RUNNING: "primary",
    Campaign.PAUSED: "warning",
    Campaign.STOPPED: "danger",
    Campaign.DONE: "success",
}
#: What a button asks for: who does it, and what is said once it is done.
ACTIONS: dict[str, tuple[Callable[[Campaign], None], Any]] = {
    "pause": (campaigns.pause, lazy("Paused. What had not left is back among the waiting.")),
    "resume": (campaigns.resume, lazy("It goes on.")),
    "stop": (campaigns.stop, lazy("Stopped. Nothing more leaves.")),
    "retry": (campaigns.retry_failed, lazy("The failed ones are sent once more.")),
    "unschedule": (campaigns.unschedule, lazy("It is a draft again.")),
}


@admin.register(Campaign)
class CampaignAdmin(ParleyAdmin):
    list_display = ("title", "progress", "state_badge", "sender", "answers", "made")
    list_display_links = ("title",)
    list_filter = ("state",)
    search_fields = ("name",)
    list_select_related = ("number__channel",)
    teaching = (
        "campaign",
        "Write to many at once",
        "A campaign sends one text to a list of recipients, with their names in it if you like. "
        "Before it starts you see who will not get it, and why.",
    )

    made = moment("created_at", "Made")

    class Media:
        css = {"all": ["admin_parley/campaign.css"]}

    # the list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        found: QuerySet[Campaign] = super().get_queryset(request).filter(deleted_at=None)
        return found.prefetch_related("state_counts")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    @display(description="Campaign", ordering="name")
    def title(self, campaign: Campaign) -> SafeString:
        text = campaign.text or (campaign.template and str(campaign.template)) or ""
        return format_html(
            '<span class="pl-strong">{}</span><br><span class="pl-quiet">{}</span>',
            campaign.name,
            text[:60] + ("…" if len(text) > 60 else ""),
        )

    @display(description="State", ordering="state")
    def state_badge(self, campaign: Campaign) -> SafeString:
        said = _("Retrying") if campaign.is_retrying else campaign.get_state_display()
        return badge(said, COLOURS[campaign.state])

    @display(description="Progress")
    def progress(self, campaign: Campaign) -> SafeString | str:
        progress = progress_of(campaign)
        if not progress.total:
            return "–"
        return format_html(
            '<div class="pl-progress">{}<span class="pl-quiet">{}</span></div>',
            SafeString(bar(progress)),
            progress.words,
        )

    @display(description="Sender")
    def sender(self, campaign: Campaign) -> SafeString:
        return format_html(
            '{}<br><span class="pl-quiet">{}</span>', campaign.number, campaign.channel
        )

    @display(description="Answers")
    def answers(self, campaign: Campaign) -> str:
        return f"{campaign.answered:,}"

    # pages

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        steps = {
            "recipients": campaign_steps.recipients,
            "text": campaign_steps.text,
            "schedule": campaign_steps.schedule,
            "check": campaign_steps.check,
        }
        own = [
            path("<int:pk>/progress/", wrap(self.told_view), name="routing_campaign_progress"),
            path("<int:pk>/do/", wrap(self.do_view), name="routing_campaign_do"),
            path("<int:pk>/results.csv", wrap(self.results_view), name="routing_campaign_results"),
        ]
        own += [
            path(f"<int:pk>/{name}/", wrap(self._step(view)), name=f"routing_campaign_{name}")
            for name, view in steps.items()
        ]
        return own + super().get_urls()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return campaign_steps.recipients(self, request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> Any:
        campaign = self._found(request, int(object_id) if object_id.isdecimal() else 0)
        if campaign.state == Campaign.DRAFT and self.has_change_permission(request, campaign):
            step = campaign_steps.next_step(campaign)
            return HttpResponseRedirect(campaign_steps.address(step, campaign))
        progress = progress_of(campaign)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": campaign.name,
            "campaign": campaign,
            "badge": self.state_badge(campaign),
            "progress": progress,
            "bar": bar(progress),
            "told": told(campaign),
            "left": duration(seconds_left(campaign, progress)),
            "left_out": left_out(campaign),
            "starts": campaign_steps.starts(campaign),
            "may_change": self.has_change_permission(request, campaign),
            "may_add": self.has_add_permission(request),
            "may_delete": self.has_delete_permission(request, campaign),
        }
        return TemplateResponse(request, "admin/parley/campaign.html", context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """There is no page for it: the campaign's own has a button."""
        return HttpResponseRedirect(reverse("admin:routing_campaign_change", args=[object_id]))

    def told_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All that changes, as JSON."""
        answer = JsonResponse(told(self._found(request, pk)))
        answer["Cache-Control"] = "no-store"
        return answer

    def results_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return campaign_results.download(self._found(request, pk))

    def do_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One of the buttons was pressed."""
        campaign, asked = self._found(request, pk), request.POST.get("do", "")
        may = {
            "clone": self.has_add_permission(request),
            "rest": self.has_add_permission(request),
            "delete": self.has_delete_permission(request, campaign),
        }
        if request.method != "POST" or not may.get(
            asked, self.has_change_permission(request, campaign)
        ):
            raise PermissionDenied
        try:
            return HttpResponseRedirect(self._do(request, campaign, asked))
        except campaigns.Refused as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(campaign_steps.address("change", campaign))

    # inside

    def _do(self, request: HttpRequest, campaign: Campaign, asked: str) -> str:
        """Do what was asked for; returns the address to go to. Raises Refused."""
        if asked in ("clone", "rest"):
            copy = campaigns.clone(campaign, request.user.get_username(), unsent=asked == "rest")
            return campaign_steps.address("recipients", copy)
        if asked == "delete":
            campaigns.delete(campaign)
            self.log_deletions(request, Campaign.objects.filter(pk=campaign.pk))
            messages.success(request, _("%(name)s is deleted.") % {"name": campaign})
            return reverse("admin:routing_campaign_changelist")
        if asked not in ACTIONS:
            raise PermissionDenied
        do, said = ACTIONS[asked]
        do(campaign)
        self.log_change(request, campaign, f"{asked.capitalize()}.")
        messages.success(request, said)
        return campaign_steps.address("change", campaign)

    def _found(self, request: HttpRequest, pk: int) -> Campaign:
        if not self.has_view_permission(request):
            raise PermissionDenied
        related = Campaign.objects.kept().select_related("number__channel", "template")
        return get_object_or_404(related, pk=pk)

    def _step(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """A step's view, for drafts alone; another campaign's own page tells the rest."""

        def step(request: HttpRequest, pk: int) -> Any:
            campaign = self._found(request, pk)
            if not self.has_change_permission(request, campaign):
                raise PermissionDenied
            if campaign.state != Campaign.DRAFT:
                return HttpResponseRedirect(campaign_steps.address("change", campaign))
            return view(self, request, campaign)

        return step
