"""Sending mails: by SMTP, or by a mail service that django-anymail knows. Everything blocks."""

from __future__ import annotations

import smtplib
import ssl
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailImproperlyInstalled,
)
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

from ...base import retry_after
from ...calls import Answer
from ...errors import BadCredentials, ProviderError, Rejected, Throttled, Unavailable, Uncertain
from . import doors
from .settings import PLAIN, SERVICES, SMTP, STARTTLS, TLS, Settings


def send(mail: EmailMessage, settings: Settings, *, allow_private: bool) -> None:
    """Hand a mail over. Raises the errors of ``errors.py``."""
    if settings.service == SMTP:
        _by_smtp(mail, settings, allow_private=allow_private)
    else:
        _by_service(mail, settings)


def check(settings: Settings, *, allow_private: bool) -> None:
    """Log in to the SMTP server and out again. Services have no such question."""
    if settings.service != SMTP:
        return
    backend = _backend(settings, allow_private=allow_private)
    backend.connection.noop()
    backend.close()


# by SMTP


class _Watched(smtplib.SMTP):
    """Knows whether the mail itself has left: after that, a lost answer leaves all open."""

    mail_left = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.mail_left = True
        return super().data(msg)


class _WatchedTls(_Watched, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _WatchedTls if self.use_ssl else _Watched

    @property
    def ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def _backend(settings: Settings, *, allow_private: bool) -> Any:
    """A backend that is logged in. Raises BadCredentials or Unavailable."""
    server = settings.smtp
    doors.check(server, allow_private=allow_private)
    backend = _Backend(
        host=server.host,
        port=server.port,
        username=server.user if server.password else "",
        password=server.password,
        use_tls=server.security == STARTTLS,
        use_ssl=server.security == TLS,
        timeout=doors.TIMEOUT,
        fail_silently=False,
    )
    try:
        backend.open()
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise Unavailable(doors.words(server, error)) from error
        said = f"E-mail: {server.host} refuses the log-in: {doors.said(error)}"
        raise BadCredentials(said) from error
    except smtplib.SMTPNotSupportedError as error:
        said = f"E-mail: {server.host} does not know {_way(server.security)} or no log-in."
        raise BadCredentials(said) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Unavailable(doors.words(server, error)) from error
    return backend


def _way(security: str) -> str:
    return {TLS: "TLS", STARTTLS: "STARTTLS", PLAIN: "unencrypted connections"}[security]


def _by_smtp(mail: EmailMessage, settings: Settings, *, allow_private: bool) -> None:
    backend = _backend(settings, allow_private=allow_private)
    connection = backend.connection
    try:
        backend.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _sorted(code, text) from error
    except smtplib.SMTPResponseException as error:  # of the sender, or after the mail itself
        raise _sorted(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError) as error:
        said = doors.words(settings.smtp, error)
        raise (Uncertain(said) if connection.mail_left else Unavailable(said)) from error
    except (ValueError, UnicodeError) as error:  # a header that cannot be one
        raise Rejected(f"E-mail: this cannot be made into a mail: {error}.") from error
    finally:
        backend.close()


def _sorted(code: int, text: bytes | str) -> ProviderError:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    reason = f"E-mail: the server says: {code} {' '.join(said.split())}"[:500]
    if code in (530, 534, 535):
        return BadCredentials(reason)
    return Unavailable(reason) if code < 500 else Rejected(reason)


# by a service


def _by_service(mail: EmailMessage, settings: Settings) -> None:
    name, keys = SERVICES[settings.service]
    own: dict[str, str] = dict(zip(keys, settings.keys, strict=False))
    if settings.api_address:
        own["api_url"] = settings.api_address + "/"
    try:
        backend = f"anymail.backends.{settings.service}.EmailBackend"
        get_connection(backend, fail_silently=False, **own).send_messages([mail])
    except (AnymailConfigurationError, AnymailImproperlyInstalled) as error:
        raise BadCredentials(f"{name}: {_first(error)}") from error
    except AnymailAPIError as error:
        raise _by_status(name, error) from error
    except AnymailError as error:  # refused recipients, what the service cannot send
        raise Rejected(f"{name}: {_first(error)}") from error


def _by_status(name: str, error: AnymailAPIError) -> ProviderError:
    said, status = f"{name}: {_first(error)}", error.status_code
    cause = error.__cause__
    if status is None:
        never = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)
        refused = isinstance(cause, never) or "NewConnectionError" in repr(cause)
        return Unavailable(said) if refused else Uncertain(said)
    if status in (401, 402, 403):
        return BadCredentials(said)
    if status == 429:
        headers = {n.lower(): v for n, v in getattr(error.response, "headers", {}).items()}
        return Throttled(said, after=retry_after(Answer(429, headers, b"")))
    if status == 503:
        return Unavailable(said)
    return Rejected(said) if 400 <= status < 500 else Uncertain(said)


def _first(error: BaseException) -> str:
    """The first lines of anymail's long explanations."""
    return " ".join(str(error).split())[:300]
