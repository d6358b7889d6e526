"""Every address of Parley."""

from django.contrib import admin
from django.urls import include, path

from .health import healthz, readyz

handler404 = "routing.language.not_found"

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("admin/", admin.site.urls),
    path("", include("routing.urls")),
]
