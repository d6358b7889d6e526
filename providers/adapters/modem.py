"""GSM modem: text messages through a modem at this computer, with a SIM in it.

The session is in ``links/modem/``. It speaks AT commands itself, or has gammu's daemon do it.
"""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator

from ..base import Link, Provider, Secret
from ..links.modem import link_of


class Adapter(Provider):
    name = "GSM modem"
    linked = True
    api_address_help = None
    default_rate = 0.166  # one in six seconds: SIMs are for people, and operators notice
    default_in_flight = 1
    setup = """1. Plug the modem into the computer on which manage.py links runs, with a SIM in \
it, and find its device. Names under by-id stay the same after replugging:
ls -l /dev/serial/by-id/
2. Let Parley's user open it:
usermod -aG dialout parley
3. Install the package that speaks to serial ports (or gammu, to have gammu's daemon do it):
.venv/bin/pip install 'pyserial>=3.5'
4. Enter the device and the SIM's number here. Nothing calls this desk."""

    class Credentials(forms.Form):
        device = forms.CharField(
            label="Device",
            help_text="Like /dev/serial/by-id/usb-...-if02-port0, or /dev/ttyUSB2. Of a modem's "
            "several ports, the one that answers AT.",
            validators=[RegexValidator(r"^/", "Enter a path that begins with a slash.")],
        )
        number = forms.CharField(
            label="The SIM's number",
            help_text="Like +41791234510: a message that comes in does not name it.",
            validators=[RegexValidator(r"^\+[1-9]\d{6,14}$", "Enter it like +41791234510.")],
        )
        pin = Secret(
            label="PIN of the SIM",
            required=False,
            help_text="Entered once when the SIM asks. A wrong one is never tried twice.",
            validators=[RegexValidator(r"^\d{4,8}$", "A PIN is 4 to 8 digits.")],
        )
        connection = forms.ChoiceField(
            choices=[("at", "AT commands"), ("gammu", "gammu's daemon (gammu-smsd)")],
            required=False,
            initial="at",
            help_text="gammu, if it is installed, for phones and modems with odd commands.",
        )
        speed = forms.IntegerField(
            label="Speed (baud)",
            required=False,
            min_value=300,
            max_value=4_000_000,
            help_text="Empty: 115200. Modems at USB take any.",
        )
        service_centre = forms.CharField(
            label="Service centre",
            required=False,
            help_text="Empty: the one on the SIM, which is nearly always right.",
            validators=[RegexValidator(r"^\+?\d{3,15}$", "Enter a phone number.")],
        )
        storage = forms.ChoiceField(
            label="Storage of received messages",
            choices=[("SM", "SIM (SM)"), ("ME", "Modem (ME)"), ("MT", "Both (MT)")],
            required=False,
            initial="SM",
        )
        indications = forms.CharField(
            label="Indications (AT+CNMI)",
            required=False,
            help_text="Empty: the first that the modem takes of 2,1,0,1,0 and others. With "
            "2,2,0,1,0 it hands messages over without storing them.",
            validators=[RegexValidator(r"^\d(,\d){1,4}$", "Enter digits like 2,1,0,1,0.")],
        )
        no_reports = forms.BooleanField(
            label="Ask for no delivery reports",
            required=False,
            help_text="Some operators charge for them.",
        )
        gammu_connection = forms.CharField(
            label="gammu: connection",
            required=False,
            help_text="What gammu calls it, like at115200 or blueat. Empty: at115200.",
            validators=[RegexValidator(r"^[a-z0-9]+$", "Enter a word like at115200.")],
        )
        gammu_folder = forms.CharField(
            label="gammu: folder",
            required=False,
            help_text="Where gammu's daemon and Parley exchange messages; must survive a restart. "
            "Empty: /var/lib/parley/gammu, and in it a folder named after the number.",
            validators=[RegexValidator(r"^/", "Enter a path that begins with a slash.")],
        )

    def link(self) -> Link:
        return link_of(self.credentials)
