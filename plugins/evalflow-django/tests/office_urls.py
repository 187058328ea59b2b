"""The pages of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from office_site import broken, evaluate, known, known_later

urlpatterns = [
    path("admin/", admin.site.urls),
    path("evaluate", evaluate),
    path("broken", broken),
    path("known", known),
    path("later", known_later),
]
