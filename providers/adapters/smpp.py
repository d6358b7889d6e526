"""SMPP 3.4: text messages by a session of our own with a mobile operator's message centre (SMSC).

Longer than others, as every operator wants its own settings; the session is in ``links/smpp/``.
"""

from __future__ import annotations

from django import forms

from ..base import Provider, Secret
from ..links.smpp import Settings, SmppLink
from ..links.smpp import settings as s
from ._certificate import check_certificate
from ._host import check_host

TON = [
    ("", "Automatic"),
    ("0", "0 unknown"),
    ("1", "1 international"),
    ("2", "2 national"),
    ("3", "3 network"),
    ("4", "4 subscriber"),
    ("5", "5 alphanumeric"),
    ("6", "6 abbreviated"),
]
NPI = [
    ("", "Automatic"),
    ("0", "0 unknown"),
    ("1", "1 ISDN (E.164)"),
    ("8", "8 national"),
    ("9", "9 private"),
]


def ton_or_npi(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    """A field of which hardly anybody needs another value than the automatic one."""
    return forms.ChoiceField(label=label, choices=choices, required=False)


class Adapter(Provider):
    name = "SMPP"
    alphanumeric_sender = True
    own_address = r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &._-]{1,11}"
    own_address_help = "A number like +41791234510, a short code, or a name of up to 11 letters."
    linked = True
    api_address_help = None
    default_in_flight = 20
    setup = """1. Ask the operator for an SMPP 3.4 account: host, port, system ID, password, the \
kind of bind, how many messages a second and how large a window it allows.
2. If the operator only lets known addresses in, tell it this server's public IP address.
3. Enter these here. Parley's links process (manage.py links) dials out and holds the session; \
nothing calls this desk."""

    class Credentials(forms.Form):
        host = forms.CharField(
            label="Host", validators=[check_host], help_text="The SMSC's name or IP address."
        )
        port = forms.IntegerField(
            label="Port", required=False, min_value=1, max_value=65535, help_text="Empty: 2775."
        )
        system_id = forms.CharField(label="System ID", max_length=64)
        password = Secret(
            label="Password",
            required=False,
            max_length=64,
            help_text="SMPP allows 8 characters; many operators take longer ones.",
        )
        system_type = forms.CharField(
            label="System type", required=False, max_length=12, help_text="Often empty."
        )
        mode = forms.ChoiceField(
            label="Bind",
            choices=[
                (s.TRANSCEIVER, "Transceiver: sends and receives"),
                (s.BOTH, "Transmitter and receiver, two connections"),
                (s.TRANSMITTER, "Transmitter: only sends"),
                (s.RECEIVER, "Receiver: only receives"),
            ],
            required=False,
        )
        tls = forms.BooleanField(
            label="TLS", required=False, help_text="Encrypted; the port is often 3550."
        )
        certificate = forms.CharField(
            label="The SMSC's certificate",
            required=False,
            widget=forms.Textarea(attrs={"rows": 3}),
            validators=[check_certificate],
            help_text="As PEM, if it signed its own: then this one is trusted, and no other.",
        )
        window = forms.IntegerField(
            label="Window",
            required=False,
            min_value=1,
            max_value=1000,
            help_text="How many messages may wait for the SMSC's answer at once. Empty: 10. "
            "Some operators want 1.",
        )
        enquire_link = forms.FloatField(
            label="enquire_link (seconds)",
            required=False,
            min_value=1,
            max_value=3600,
            help_text="How often to ask whether the SMSC is still there. Empty: 30.",
        )
        registered_delivery = forms.ChoiceField(
            label="Delivery receipts",
            choices=[
                ("1", "Ask for the final one"),
                ("2", "Ask only for failures"),
                ("17", "Ask for intermediate ones, too"),
                ("0", "Do not ask"),
            ],
            required=False,
        )
        receipt_ids = forms.ChoiceField(
            label="Message ids in receipts",
            choices=[
                (s.AUTO, "Find out from the first receipts"),
                (s.SAME, "As in the answer"),
                (s.HEX_DECIMAL, "Hexadecimal in the answer, decimal in the receipt"),
                (s.DECIMAL_HEX, "Decimal in the answer, hexadecimal in the receipt"),
            ],
            required=False,
        )
        default_alphabet = forms.ChoiceField(
            label="The SMSC's default alphabet",
            choices=[(s.GSM7, "GSM 7 bit"), (s.LATIN1, "Latin-1"), (s.ASCII, "ASCII")],
            required=False,
            help_text="What data_coding 0 means there, in both directions. Choose another one "
            "only if accents or @ arrive as other letters.",
        )
        send_as = forms.ChoiceField(
            label="Send texts as",
            choices=[
                (s.DEFAULT, "Default alphabet, else UCS-2"),
                (s.LATIN1, "Latin-1 (data_coding 3), else UCS-2"),
                (s.UCS2, "Always UCS-2"),
            ],
            required=False,
        )
        long_messages = forms.ChoiceField(
            label="Long messages",
            choices=[
                (s.UDH8, "Parts with a header (UDH, 8 bits)"),
                (s.UDH16, "Parts with a header (UDH, 16 bits)"),
                (s.SAR, "Parts with SAR parameters"),
                (s.PAYLOAD, "Whole, as message_payload"),
            ],
            required=False,
            help_text="How the operator takes them. Received ones are put together in any form.",
        )
        source_ton = ton_or_npi("Sender: TON", TON)
        source_npi = ton_or_npi("Sender: NPI", NPI)
        destination_ton = ton_or_npi("Recipient: TON", TON)
        destination_npi = ton_or_npi("Recipient: NPI", NPI)
        country_code = forms.RegexField(
            r"\A[1-9][0-9]{0,3}\Z",
            label="Country code of national numbers",
            required=False,
            help_text="Like 41; only if customers' numbers arrive without their country code.",
            error_messages={"invalid": "Write the digits only, like 41."},
        )
        service_type = forms.CharField(
            label="Service type", required=False, max_length=5, help_text="Often empty."
        )
        address_range = forms.CharField(
            label="Address range",
            required=False,
            max_length=40,
            help_text="For which of our numbers to receive; nearly always empty.",
        )
        submit_failed_later = forms.BooleanField(
            label="Try again after ESME_RSUBMITFAIL",
            required=False,
            help_text="At most operators this error is final.",
        )

        def clean_host(self) -> str:
            """An IPv6 address without the brackets that it has in a URL."""
            return str(self.cleaned_data["host"]).strip("[]")

    def link(self) -> SmppLink:
        return SmppLink(Settings.of(self.credentials))
