"""Which supervisor read which session: to be looked up, not to be changed."""

from __future__ import annotations

from django.contrib import admin

from routing.models import Listening

from .base import ReadOnlyAdmin


@admin.register(Listening)
class ListeningAdmin(ReadOnlyAdmin):
    list_display = ("at", "name", "session")
    list_select_related = ("session__customer", "session__number")
    search_fields = ("name",)
    fields = ("at", "name", "session")
    teaching = (
        "visibility",
        "Nobody has read along",
        "When a supervisor reads a session that is not theirs, it is written down here.",
    )
