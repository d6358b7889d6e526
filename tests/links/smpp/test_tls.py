"""TLS to the SMSC: a certificate that nobody vouches for must be entered."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from providers.links.smpp import SmppLink

from .scene import Desk, awaited, held, message, settings
from .smsc import Smsc, until


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """A server's context and its certificate, which it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smsc.example")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    path: Path = tmp_path_factory.mktemp("tls") / "smsc.pem"
    path.write_text(secret + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, pem


@awaited
async def test_the_certificate_that_was_entered_is_trusted(
    signed: tuple[ssl.SSLContext, str],
) -> None:
    desk = Desk()
    async with Smsc(certificate=signed[0]) as smsc:
        link = SmppLink(settings(smsc.port, tls=True, certificate=signed[1]))
        async with held(link, desk):
            await until(lambda: desk.up)
            assert desk.details["encrypted"] == "yes"
            assert await link.send(message("Hello " * 100)) == ["id1", "id2", "id3", "id4"]


@pytest.mark.parametrize("entered", ["", "nonsense"])
@awaited
async def test_another_certificate_is_not(entered: str, signed: tuple[ssl.SSLContext, str]) -> None:
    desk = Desk()
    async with Smsc(certificate=signed[0]) as smsc:
        async with held(SmppLink(settings(smsc.port, tls=True, certificate=entered)), desk):
            await until(lambda: len(desk.states) > 1)
            said = desk.states[-1][1]
            assert ("no PEM" if entered else "no secure connection") in said
        assert not any(each.password for each in smsc.connections)


@awaited
async def test_a_peer_without_tls_is_no_secure_connection() -> None:
    desk = Desk()
    async with Smsc() as smsc, held(SmppLink(settings(smsc.port, tls=True)), desk):
        await until(lambda: len(desk.states) > 1)
        assert "SMPP: 127.0.0.1" in desk.states[-1][1]
        assert not desk.up
