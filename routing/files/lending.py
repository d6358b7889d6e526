"""Lending files out: to providers and platforms by a signed link, to agents by their log-in."""

from __future__ import annotations

import time
from datetime import timedelta
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.signing import BadSignature, Signer
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from ..models import Attachment, Extension, Session
from .types import ACTIVE, UNKNOWN

LINK_HOURS = 72  # as long as providers keep trying; never longer than the file is kept
GONE = "This file is no longer available."

_signer = Signer(sep=".", salt="parley.file")


def link(attachment: Attachment, hours: float = LINK_HOURS) -> str:
    """A public address of the file that works without a log-in until it expires."""
    until = timezone.now() + timedelta(hours=hours)
    if attachment.expires_at:
        until = min(until, attachment.expires_at)
    token = _signer.sign_object([attachment.pk, int(until.timestamp())])
    return f"{settings.PUBLIC_URL}/files/{token}/{quote(attachment.name, safe='')}"


@require_safe
def shared_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """The file of a signed link. 404 if the link is not ours, 410 if its time is over."""
    try:
        pk, until = _signer.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        raise Http404 from None
    if until < time.time():
        return _gone()
    return serve(get_object_or_404(Attachment, pk=pk))


@login_required
@require_safe
def own_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A file out of the sessions that this agent may read, all for supervisors; else a 404."""
    extension = get_object_or_404(Extension, user=request.user)
    sessions = Session.objects.readable_by(extension)
    if request.user.has_perm("routing.supervise"):
        sessions = Session.objects.all()
    return serve(get_object_or_404(Attachment, pk=pk, message__session__in=sessions))


def _gone() -> HttpResponse:
    return HttpResponse(GONE, status=410, content_type="text/plain; charset=utf-8")


def serve(attachment: Attachment) -> HttpResponseBase:
    """The bytes, for whoever may have them."""
    if attachment.state == Attachment.EXPIRED:
        return _gone()
    if attachment.state != Attachment.KEPT or not attachment.file:
        raise Http404
    try:
        opened = attachment.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    harmful = ACTIVE.search(attachment.content_type)
    response = FileResponse(
        opened,
        as_attachment=not attachment.is_image,
        filename=attachment.name,
        content_type=UNKNOWN if harmful else attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response
