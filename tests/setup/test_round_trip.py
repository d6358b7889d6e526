"""Any configuration comes back from its export."""

from __future__ import annotations

import json
import string

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from channels_app.models import Channel, Number
from routing import setup
from routing.models import Extension, Platform, Queue, Rule

from .example import changes, everything

pytestmark = pytest.mark.django_db

names = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "),
    min_size=1,
    max_size=40,
).filter(lambda x: x == x.strip())
secrets = st.text(string.ascii_letters + string.digits + "%&+:#'\"{}- ", min_size=3, max_size=20)
digits = st.integers(1, 10**10).map(str)


@st.composite
def houses(draw) -> dict:
    agents = draw(st.lists(digits, min_size=1, max_size=3, unique=True))
    queues = draw(st.lists(names, max_size=2, unique=True))
    platforms = draw(st.lists(names, max_size=2, unique=True))
    some = st.lists(st.sampled_from(agents), unique=True)
    targets = [{"extension": each} for each in agents]
    targets += [{"queue": each} for each in queues] + [{"platform": each} for each in platforms]
    number = st.integers(1, 9_999_999).map(lambda x: f"+4179{x:07d}")
    channel = st.fixed_dictionaries(
        {
            "name": names,
            "provider": st.just("aspsms"),
            "credentials": st.fixed_dictionaries(
                {"user_key": secrets.filter(str.strip), "password": secrets.filter(str.strip)}
            ),
        },
        optional={
            "rate": st.decimals("0.001", "9999", places=3).map(float),
            "in_flight": st.integers(1, 1000),
            "close_after_days": st.none() | st.integers(1, 1000),
            "accompanying_text": names,
            "allow_second_session": st.booleans(),
            "paused": st.booleans(),
            "receives": st.booleans(),
            "prefixes": st.lists(st.from_regex(r"\+?[0-9]{1,5}", fullmatch=True), max_size=3),
            "sender_name": names.filter(lambda name: len(name) <= 64),
            "allowed_addresses": st.lists(st.ip_addresses().map(str), max_size=2),
            "webhook_token": st.text("0123456789abcdef", min_size=32, max_size=32),
            "numbers": st.lists(
                st.fixed_dictionaries(
                    {"number": number, "inbound": st.sampled_from(targets), "may_start": some}
                ),
                max_size=3,
                unique_by=lambda x: x["number"],
            ),
        },
    )
    once = (lambda x: x["name"], lambda x: x.get("webhook_token", x["name"]))
    return {
        "extensions": [
            {"number": each, "name": draw(names), "username": f"agent{each}", "password": "pw-" * 4}
            for each in agents
        ],
        "queues": [
            {
                "name": each,
                "pickup": draw(st.sampled_from(["manual", "auto", "none"])),
                "members": draw(some),
            }
            for each in queues
        ],
        "platforms": [{"name": each, "url": "http://127.0.0.1/x"} for each in platforms],
        "channels": draw(st.lists(channel, max_size=2, unique_by=once)),
    }


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(house=houses())
def test_any_house_comes_back_from_its_export(house):
    with transaction.atomic():
        setup.apply(json.dumps(house, ensure_ascii=False))  # JSON is YAML
        for with_secrets in (True, False):
            assert changes(setup.export(with_secrets=with_secrets)) == []
        before, text = everything(), setup.export(with_secrets=True)
        Rule.objects.all().delete()
        for model in (Number, Channel, Platform, Queue, Extension, User):
            model.objects.all().delete()
        setup.apply(text)
        assert everything() == before
        transaction.set_rollback(True)
