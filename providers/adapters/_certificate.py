"""Certificates as PEM text: ours with its private key, or one that is to be trusted."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django import forms
from django.core.exceptions import ValidationError

from ..base import Secret


def first(pem: str) -> x509.Certificate:
    """The first certificate in this text. Raises ValidationError if there is none."""
    try:
        return x509.load_pem_x509_certificates(pem.encode())[0]
    except ValueError:
        raise ValidationError("There is no certificate that can be read in this text.") from None


def check_certificate(pem: str) -> None:
    """Raise ValidationError unless this is a certificate."""
    first(pem)


def check_pem(pem: str) -> None:
    """Raise ValidationError, saying which half is wrong, unless it is a certificate and its key."""
    certificate = first(pem)
    start = pem.find("-----BEGIN ", 0)
    while start >= 0 and "PRIVATE KEY" not in pem[start : start + 40]:
        start = pem.find("-----BEGIN ", start + 1)
    if start < 0:
        raise ValidationError("The private key is missing: paste it below the certificate.")
    try:
        key = serialization.load_pem_private_key(pem[start:].encode(), password=None)
    except TypeError:
        raise ValidationError("The private key has a password; paste it without one.") from None
    except ValueError:
        raise ValidationError("The private key cannot be read.") from None
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise ValidationError("The private key does not belong to the certificate.")


def certificate_field(**kwargs: str) -> Secret:
    return Secret(widget=forms.Textarea(attrs={"rows": 6}), validators=[check_pem], **kwargs)
