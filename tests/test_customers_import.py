"""Importing customers: what is read, what is told before, what is done, and only once."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from routing.desk import Refused, card_import, cards, merging
from routing.desk.card_columns import safe
from routing.desk.card_facts import clean
from routing.models import (
    Card,
    CardField,
    CardImport,
    Customer,
    Extension,
    FieldValue,
    ImportRow,
    Tag,
)

from .factories import CustomerFactory, ExtensionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def anna() -> Extension:
    return ExtensionFactory(name="Anna")


def uploaded(anna: Extension, text: str | bytes, country: str = "CH") -> CardImport:
    raw = text if isinstance(text, bytes) else text.encode()
    file = SimpleUploadedFile("people.csv", raw)
    return card_import.begin(anna.user, anna, file, country)


def looked_at(anna: Extension, text: str | bytes, country: str = "CH") -> CardImport:
    job = uploaded(anna, text, country)
    card_import.work()
    job.refresh_from_db()
    return job


def applied(job: CardImport) -> dict[int, str]:
    card_import.want(job)
    card_import.work()
    job.refresh_from_db()
    return dict(job.rows.values_list("line", "outcome"))


def plans(job: CardImport) -> dict[int, str]:
    return dict(job.rows.values_list("line", "plan"))


FILE = """Name;Mobile;E-mail;Level;Tags;VIP;Shoe size
Lena;079 111 22 33;lena@example.com;gold;Late;yes;38
Ben;+41 79 111 22 44;;;;;
Ben;0041791112244;;Silver;;;
Known;079 111 22 55;;;;;
Same;079 111 22 66;;;;;
Wrong;call me;nobody;Tin;Unknown;;
;;;;;;
"""


def test_every_line_is_told_before_and_done_after(anna: Extension) -> None:
    level = CardField.objects.create(name="Level", kind="choice", choices="Gold\nSilver")
    Tag.objects.create(name="Late")
    bare = CustomerFactory(address="+41791112233")
    for name, number in (("Unknown", "+41791112255"), ("Same", "+41791112266")):
        cards.keep(anna, None, clean({"name": name, "numbers": [("mobile", number)]}))
    job = looked_at(anna, FILE)
    assert plans(job) == {2: "new", 3: "new", 4: "change", 5: "change", 6: "same", 7: "refused"}
    reasons = dict(job.rows.exclude(reason="").values_list("line", "reason"))
    assert reasons[4] == "The customer of line 3."
    for words in ("not an e-mail address", "not a phone number", "one of: Gold, Silver", "no tag"):
        assert words in reasons[7]
    assert job.columns["ignored"] == ["Shoe size"] and job.checked == job.total == 6
    assert Card.objects.count() == 2, "nothing is changed before somebody says yes"
    assert applied(job) == {2: "new", 3: "new", 4: "change", 5: "change", 6: "same", 7: "refused"}
    assert job.ended_at and job.done == 6 and not job.file
    lena = Card.objects.get(name="Lena")
    assert (lena.email, lena.vip, lena.made_by) == ("lena@example.com", True, anna)
    assert [tag.name for tag in lena.tags.all()] == ["Late"]
    bare.refresh_from_db()
    assert bare.card == lena and bare.kind == "mobile" and bare.name == "Lena"
    ben = Card.objects.get(name="Ben")
    assert FieldValue.objects.get(card=ben, field=level).text == "Silver"
    assert Card.objects.get(name="Known").addresses.get().address == "+41791112255"
    again = looked_at(anna, FILE)
    assert set(plans(again).values()) == {"same", "refused"}


def test_a_crash_repeats_nothing(anna: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_import, "BATCH", 3)
    lines = "\n".join(f"N{n},+4179111{n:04d}" for n in range(8))
    job = looked_at(anna, f"name,phone\n{lines}\n")
    card_import.want(job)
    real, calls = card_import.apply, []

    def dies(*args: Any) -> int:
        calls.append(1)
        done = real(*args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(card_import, "apply", dies)
    with pytest.raises(KeyboardInterrupt):
        card_import.work()
    job.refresh_from_db()
    assert job.done == Card.objects.count() == 3 and not job.ended_at
    card_import.work()
    job.refresh_from_db()
    assert job.done == Card.objects.count() == Customer.objects.count() == 8 and job.ended_at
    with pytest.raises(Refused, match="begun or ended"):
        card_import.want(job)


def test_an_import_adds_numbers_and_tags_and_takes_none_away(anna: Extension) -> None:
    for name in ("Old", "New"):
        Tag.objects.create(name=name)
    numbers = [("work", "+41791112233")]
    lena = cards.keep(anna, None, clean({"name": "L", "numbers": numbers, "tags": ["Old"]}))
    job = looked_at(anna, "phone,mobile,tags,notes\n079 111 22 33,079 111 22 34,New,\n")
    assert applied(job) == {2: "change"}
    kinds = dict(lena.addresses.values_list("address", "kind"))
    assert kinds == {"+41791112233": "work", "+41791112234": "mobile"}
    assert {tag.name for tag in lena.tags.all()} == {"Old", "New"}
    both = "phone,mobile,tags\n079 111 22 33,079 111 22 35,\n079 111 22 33,079 111 22 36,\n"
    assert applied(looked_at(anna, both)) == {2: "change", 3: "change"}
    assert lena.addresses.count() == 4
    two = looked_at(anna, "phone\n+41791112233\n")
    assert plans(two) == {2: "same"}


def test_a_line_that_fits_two_customers_is_refused(anna: Extension) -> None:
    for n in (1, 2):
        cards.keep(anna, None, clean({"name": f"C{n}", "numbers": [("", f"+4179111223{n}")]}))
    job = looked_at(anna, "phone,mobile\n+41791112231,+41791112232\n")
    assert plans(job) == {2: "refused"}
    assert "C1 / C2" in job.rows.get().reason


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00\x01", "None of the columns"),
        (b"shoe,hat\n1,2\n", "None of the columns"),
    ],
)
def test_files_that_are_none_are_told(anna: Extension, raw: bytes, words: str) -> None:
    try:
        job = looked_at(anna, raw)
    except Refused as refused:
        assert words in str(refused)
    else:
        assert words in job.problem and job.ended_at and not job.rows.exists()


def test_formulas_are_made_harmless_and_come_back_as_they_were(
    anna: Extension, client: Client
) -> None:
    assert safe("=1+1") == "'=1+1" and safe("@x") == "'@x" and safe("+1+1") == "'+1+1"
    assert safe("-2") == "'-2" and safe("+41791112233") == "+41791112233" and safe("a=b") == "a=b"
    typed = {"name": '=HYPERLINK("http://x.example")', "numbers": [("work", "+41791112233")]}
    cards.keep(anna, None, clean({**typed, "vip": True}))
    anna.user.is_superuser = True
    anna.user.save()
    client.force_login(anna.user)
    answer = client.get("/customers/export/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["name"].startswith("'=") and row["work"] == "+41791112233" and row["vip"] == "yes"
    assert plans(looked_at(anna, text)) == {2: "same"}


def test_only_who_may_imports_and_sees_only_own_imports(anna: Extension, client: Client) -> None:
    client.force_login(anna.user)
    for address in ("/customers/import/", "/customers/export/"):
        assert client.get(address).status_code == 403
    anna.user.is_superuser = True
    anna.user.save()
    theirs = uploaded(ExtensionFactory(), "name,phone\nX,+41791112299\n")
    assert client.get(f"/customers/import/{theirs.pk}/").status_code == 404
    assert client.post(f"/customers/import/{theirs.pk}/act/").status_code == 404
    file = SimpleUploadedFile("a.csv", b"name,phone\nLena,079 111 22 33\n<b>,x\n")
    made = client.post("/customers/import/", {"file": file, "country": "ch"})
    page = made.headers["Location"]
    assert b"Reading the file" in client.get(page).content
    card_import.work()
    told = client.get(page).content.decode()
    assert "Nothing is changed yet" in told and "&lt;b&gt;" in told and "start-import" in told
    assert "<b>1</b> New" in told and "<b>1</b> Refused" in told
    client.post(f"{page}act/", {"act": "start"})
    working = client.get(page, headers={"HX-Request": "true", "HX-Target": "import"})
    assert b"0 of 2 lines imported" in working.content and b"every 1s" in working.content
    card_import.work()
    assert b"Done." in client.get(page).content
    assert client.get(f"{page}?plan=refused&after=1").content.count(b"<tr>") == 2
    assert ImportRow.objects.filter(job__user=anna.user, outcome="new").count() == 1
    lena = Card.objects.get(name="Lena")
    other = cards.keep(anna, None, clean({"name": "Other"}))
    merging.merge(anna, other, lena)
    assert ImportRow.objects.get(outcome="new").card == other
    wrong = client.post("/customers/import/", {"country": "CH"})
    assert wrong.status_code == 422 and b"Choose a file" in wrong.content
