"""Categories by file: added, never taken away, and exported."""

from __future__ import annotations

import pytest
import yaml

from routing import setup
from routing.models import Category

pytestmark = pytest.mark.django_db


def test_categories_are_added_once_and_come_back_from_the_export() -> None:
    Category.objects.create(name="Kept")
    made = setup.apply("categories: [Invoice, Complaint, Invoice, 404]").as_dict()["changes"]
    assert [each["name"] for each in made] == ["Invoice", "Complaint", "404"]
    assert not setup.apply("categories: [Invoice]").as_dict()["changes"]
    exported = setup.export()
    assert yaml.safe_load(exported)["categories"] == ["404", "Complaint", "Invoice", "Kept"]
    assert not setup.apply(exported).as_dict()["changes"]


@pytest.mark.parametrize("wrong", ["Invoice", "[{name: Invoice}]", f"[{'x' * 64}]", "['']"])
def test_what_is_no_category_is_a_mistake(wrong: str) -> None:
    with pytest.raises(setup.NotApplied):
        setup.apply(f"categories: {wrong}")
    assert not Category.objects.exists()
