"""The agents' addresses."""

from django.contrib.auth import views as auth
from django.urls import path

from ..policy import strict
from . import actions, pages, starting, templating

session = "s/<int:pk>/"

urlpatterns = [
    path("", pages.inbox, name="inbox"),
    path("login/", strict(auth.LoginView.as_view(redirect_authenticated_user=True)), name="login"),
    path("logout/", strict(auth.LogoutView.as_view()), name="logout"),
    path("new/", starting.new_session, name="new-session"),
    path(session, pages.session, name="session"),
    path(session + "news/", pages.news, name="news"),
    path(session + "write/", actions.write, name="write"),
    path(session + "template/", templating.template, name="template"),
    path(session + "pick-up/", actions.pick_up, name="pick-up"),
    path(session + "transfer/", actions.transfer, name="transfer"),
    path(session + "close/", actions.close, name="close"),
    path(session + "archive/", actions.archive, name="archive"),
    path(session + "unarchive/", actions.unarchive, name="unarchive"),
    path(session + "messages/<int:message>/retry/", actions.retry, name="retry"),
    path(session + "files/<int:attachment>/reload/", actions.reload, name="reload"),
]
