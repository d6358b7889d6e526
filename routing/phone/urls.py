"""The virtual phone's addresses."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.phone, name="phone"),
    path("messages/", views.messages, name="phone-messages"),
    path("behaviour/<int:pk>/", views.behaviour, name="phone-behaviour"),
]
