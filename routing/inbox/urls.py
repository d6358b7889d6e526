"""The agents' addresses."""

from django.contrib.auth import views as auth
from django.urls import path
from django.views.generic import RedirectView

from ..policy import strict
from . import (
    actions,
    canned,
    closing,
    customer_urls,
    drafts,
    earlier,
    filters,
    handing,
    here,
    later,
    layout,
    many,
    noting,
    pages,
    preferences,
    starting,
    templating,
    views,
)

session = "s/<int:pk>/"

urlpatterns = [
    path("", pages.inbox, name="inbox"),
    path("login/", strict(auth.LoginView.as_view(redirect_authenticated_user=True)), name="login"),
    path("logout/", strict(auth.LogoutView.as_view()), name="logout"),
    path("new/", starting.new_session, name="new-session"),
    path("mentions/", noting.mentions, name="mentions"),
    path("mentions/count/", noting.unseen, name="mention-count"),
    path("colleagues/", noting.colleagues, name="colleagues"),
    path("settings/", preferences.preferences, name="preferences"),
    path("here/", here.here, name="here"),
    path("settings/keys/", preferences.keys, name="preferences-keys"),
    path("settings/layout/", layout.layout, name="layout"),
    path("look/<int:pixels>.css", layout.width, name="list-width"),
    path("filters/", filters.filters, name="filters"),
    path("views/", views.save, name="save-view"),
    path("views/<int:pk>/drop/", views.drop, name="drop-view"),
    path("many/", many.many, name="many"),
    path("many/assign/", many.assign, name="many-assign"),
    path("many/undo/", many.undo, name="many-undo"),
    path("sessions/<int:pk>/", RedirectView.as_view(pattern_name="session", query_string=True)),
    *customer_urls.urlpatterns,
    path(session, pages.session, name="session"),
    path(session + "news/", pages.news, name="news"),
    path(session + "write/", actions.write, name="write"),
    path(session + "canned/", canned.canned, name="canned"),
    path(session + "earlier/", earlier.earlier, name="earlier"),
    path(session + "folded/", earlier.folded, name="folded"),
    path(session + "note/", noting.note, name="note"),
    path(session + "draft/", drafts.draft, name="draft"),
    path(session + "template/", templating.template, name="template"),
    path(session + "pick-up/", actions.pick_up, name="pick-up"),
    path(session + "transfer/", handing.transfer, name="transfer"),
    path(session + "close/", closing.close, name="close"),
    path(session + "snooze/", later.snooze, name="snooze"),
    path(session + "wake/", later.wake, name="wake"),
    path(session + "priority/", later.priority, name="priority"),
    path(session + "archive/", actions.archive, name="archive"),
    path(session + "unarchive/", actions.unarchive, name="unarchive"),
    path(session + "messages/<int:message>/retry/", actions.retry, name="retry"),
    path(session + "messages/<int:message>/undo/", actions.undo, name="undo"),
    path(session + "files/<int:attachment>/reload/", actions.reload, name="reload"),
]
