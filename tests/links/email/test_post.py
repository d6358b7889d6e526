"""Handing mails over: what each answer of a server or a mail service means for the message."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope

from providers import errors
from providers.base import Media, Outbound
from providers.links.mail import SERVICES, Settings, post
from providers.links.mail.writing import compose

from ...stories.vendor import Request, Response, Vendor
from .mails import CUSTOMER, OURS
from .servers import PASSWORD, Smtp

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")
OUTBOUND = Outbound(
    OURS,
    CUSTOMER,
    "Es ist unterwegs.",
    "0123456789abcdef01234567",
    media=(Media(content=b"PNG", name="a.png", content_type="image/png"),),
)


def send(given: dict[str, Any], api_address: str = "", *, private: bool = True) -> None:
    settings = Settings.of({"address": OURS, "password": PASSWORD, **given}, api_address)
    post.send(compose(OUTBOUND, (), settings), settings, allow_private=private)


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with Smtp() as made:
        yield made


def by_smtp(smtp: Smtp, **given: Any) -> None:
    own = {"smtp_host": "127.0.0.1", "smtp_port": smtp.port, "smtp_security": "none"}
    send(own | given)


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("RCPT", "550 5.1.1 no such user", errors.Rejected),
        ("RCPT", "552 5.2.2 mailbox full", errors.Rejected),
        ("RCPT", "450 4.2.0 greylisted", errors.Unavailable),
        ("RCPT", "530 5.7.0 log in first", errors.BadCredentials),
        ("DATA", "552 5.3.4 too large", errors.Rejected),
        ("DATA", "451 4.3.0 try again", errors.Unavailable),
        ("DATA", "hang up", errors.Uncertain),
    ],
)
def test_answers_of_an_smtp_server(
    smtp: Smtp, step: str, answer: str, error: type[errors.ProviderError]
) -> None:
    def refuse(at: str, envelope: Envelope) -> str:
        return answer if at == step else ""

    smtp.refuse = refuse
    with pytest.raises(error) as caught:
        by_smtp(smtp)
    assert type(caught.value) is error
    assert answer == "hang up" or answer[4:] in caught.value.reason
    assert not smtp.mails


def test_a_refused_log_in_is_the_channels_fault(smtp: Smtp) -> None:
    with pytest.raises(errors.BadCredentials, match="refuses the log-in: 535"):
        by_smtp(smtp, password="outdated")


def test_servers_that_cannot_be_used_say_why(smtp: Smtp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    cases = [
        ({"smtp_port": port}, errors.Unavailable, "Connection refused"),
        ({"smtp_security": "tls"}, errors.Unavailable, "no secure connection"),
        ({"smtp_security": "starttls"}, errors.BadCredentials, "does not know STARTTLS"),
    ]
    for given, error, says in cases:
        with pytest.raises(error, match=says):
            by_smtp(smtp, **given)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1"])
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(errors.Unavailable, match=f"{host} is refused"):
        send({"smtp_host": host, "smtp_security": "none"}, private=False)


# mail services


class Service:
    """Answers like Postmark, and like all others as far as these tests go."""

    def __init__(self) -> None:
        self.answer = Response({"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": CUSTOMER})

    def __call__(self, request: Request) -> Response:
        return self.answer


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(Service()) as made:
        yield made


def by_service(vendor: Vendor, service: str = "postmark") -> None:
    send({"service": service, "api_key": "KEY", "second_key": "KEY2"}, vendor.url)


def test_a_service_gets_the_mail_with_its_headers_and_files(vendor: Vendor) -> None:
    by_service(vendor)
    (request,) = vendor.requests
    assert request.headers["x-postmark-server-token"] == "KEY"
    told = json.loads(request.body)
    assert (told["From"], told["To"]) == (OURS, CUSTOMER)
    assert told["TextBody"] == "Es ist unterwegs."
    names = {each["Name"]: each["Value"] for each in told["Headers"]}
    assert names["Message-ID"] == "<0123456789abcdef01234567.parley@example.com>"
    assert told["Attachments"][0]["Name"] == "a.png"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response({"Message": "bad token"}, status=401), errors.BadCredentials),
        (Response({"Message": "no credit"}, status=402), errors.BadCredentials),
        (Response({"Message": "bad sender"}, status=422), errors.Rejected),
        (Response({}, status=429, headers={"Retry-After": "7"}), errors.Throttled),
        (Response({}, status=503), errors.Unavailable),
        (Response({}, status=500), errors.Uncertain),
        (Response(drop=True), errors.Uncertain),
        (Response("<html>", status=200), errors.Uncertain),
    ],
)
def test_answers_of_a_service(
    vendor: Vendor, answer: Response, error: type[errors.ProviderError]
) -> None:
    vendor.answer.answer = answer  # type: ignore[attr-defined]
    with pytest.raises(errors.ProviderError) as caught:
        by_service(vendor)
    assert type(caught.value) is error
    assert caught.value.reason.startswith("Postmark: ")
    assert getattr(caught.value, "after", None) == (7 if error is errors.Throttled else None)
    assert "KEY" not in caught.value.reason


def test_a_service_that_cannot_be_reached_is_asked_again_later(vendor: Vendor) -> None:
    vendor.stop()
    with pytest.raises(errors.Unavailable):
        by_service(vendor)
    vendor.start()


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_of_the_form_is_one_that_sends(vendor: Vendor, service: str) -> None:
    vendor.answer.answer = Response({}, status=401)  # type: ignore[attr-defined]
    with pytest.raises(errors.BadCredentials):
        by_service(vendor, service)
    assert len(vendor.requests) == 1
    told = str(vendor.requests[0].headers) + str(vendor.requests[0].body)
    assert "KEY" in told or "Basic" in told
