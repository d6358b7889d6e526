"""Our own certificate, shown to a server that asks for one: by both carriers, leaving no file."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from providers import errors
from providers.calls import Call
from providers.http import context_with

from . import faulty
from .test_http import Both

NOW = datetime.datetime.now(datetime.UTC)


class Authority:
    """Signs certificates; each comes as one PEM with its private key."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        self.certificate = self._signed("Test CA", self.key, authority=True)

    def _signed(self, name: str, key: Any, *, authority: bool = False) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=1))
            .not_valid_after(NOW + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([host]), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name: str) -> str:
        key = ec.generate_private_key(ec.SECP256R1())
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        signed = self._signed(name, key)
        return (signed.public_bytes(serialization.Encoding.PEM) + secret).decode()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(params=["1.2", "1.3"])
def server(
    request: pytest.FixtureRequest,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[faulty.Server]:
    """Answers with the name in the certificate it is shown, and wants one of its authority's."""
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "server.pem").write_text(authority.issue("server"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context_with.cache_clear()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.pem")
    context.load_cert_chain(tmp_path / "server.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    if request.param == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    def behave(visitor: faulty.Visitor) -> None:
        plain = visitor.sock.dup()
        try:
            visitor.sock = context.wrap_socket(visitor.sock, server_side=True)
        except ssl.SSLError:
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(65_536):  # else the alert is lost with what was not read
                pass
            return
        finally:
            plain.close()
        visitor.read_request()
        subject = visitor.sock.getpeercert()["subject"]
        name = dict(pair[0] for pair in subject)["commonName"].encode()
        visitor.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))

    found = faulty.Server(behave)
    yield found
    found.close()
    context_with.cache_clear()


@pytest.fixture(params=["requests", "aiohttp"])
def both(request: pytest.FixtureRequest) -> Both:
    return Both(request.param, allow_private=True)


def get(server: faulty.Server, certificate: str) -> Call:
    return Call("GET", f"https://127.0.0.1:{server.port}/", certificate=certificate, timeout=5)


def test_the_certificate_is_shown_and_no_file_stays(
    both: Both, server: faulty.Server, authority: Authority, tmp_path: Path, monkeypatch: Any
) -> None:
    used: list[str] = []
    real = tempfile.mkstemp

    def watched(*args: Any, **kwargs: Any) -> tuple[int, str]:
        handle, path = real(*args, **kwargs)
        used.append(path)
        assert Path(path).stat().st_mode & 0o777 == 0o600
        return handle, path

    monkeypatch.setattr(tempfile, "mkstemp", watched)
    mine = authority.issue("desk")
    assert both.perform(get(server, mine)).text == "desk"
    assert both.perform(get(server, mine)).text == "desk"
    assert len(used) == 1  # the second call needed none
    assert not Path(used[0]).exists()


def test_two_channels_never_share_a_connection(
    both: Both, server: faulty.Server, authority: Authority
) -> None:
    for name in ("one", "two", "one"):
        assert both.perform(get(server, authority.issue(name))).text == name


def test_a_server_that_refuses_our_certificate_has_read_nothing(
    both: Both, server: faulty.Server
) -> None:
    with pytest.raises(errors.BadCredentials) as caught:
        both.perform(get(server, Authority().issue("stranger")))
    assert "127.0.0.1 refuses our certificate" in caught.value.reason
    assert not server.requests


@pytest.mark.parametrize("pem", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END"])
def test_a_certificate_that_cannot_be_read_says_so(
    both: Both, server: faulty.Server, pem: str
) -> None:
    with pytest.raises(errors.BadCredentials) as caught:
        both.perform(get(server, pem))
    assert "cannot be read" in caught.value.reason
    assert not server.connections


def test_the_key_shows_nowhere(authority: Authority) -> None:
    pem = authority.issue("desk")
    assert "PRIVATE" in pem
    assert "PRIVATE" not in repr(Call("GET", "https://sms.example/", certificate=pem))
