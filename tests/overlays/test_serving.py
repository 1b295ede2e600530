"""A sibling site is served with its overlay: it has its own types and links, and none of the others."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.document_obeyed.client import Client
from tests.overlays.sites import EVERY_TYPE, SITES, Site, fields_of

each_site = pytest.mark.parametrize(("overlay", "site"), SITES.items(), ids=SITES)


@cache
def clients() -> Callable[[str], Client]:
    """Return a function that gives an overlay's client. Each mock starts once, so tests delete what they create."""
    return cache(lambda overlay: Client(overlays=(overlay,)))


@each_site
def test_it_has_the_types_of_its_page(overlay: str, site: Site) -> None:
    assert sorted(clients()(overlay).contract.resources["handlers"].types) == sorted(site.types)


@each_site
def test_each_type_is_created_with_all_its_fields_and_read_back(overlay: str, site: Site) -> None:
    client = clients()(overlay)
    for type_name in site.types:
        fields = {name: f"the {name}" for name in fields_of(type_name)}
        handler_id = client.create(name=f"My {type_name}", type=type_name, **fields)
        assert client.remarks == []
        handler = client.retrieve(handler_id)
        assert handler["type"] == type_name
        assert handler["settings"] == (fields or {type_name: ""})
        assert client.delete(handler_id).status_code == 200


@each_site
def test_each_type_can_be_changed_to(overlay: str, site: Site) -> None:
    client = clients()(overlay)
    handler_id = client.create(name="Changing", type="email", email="hey@example.com")
    for type_name in site.types:
        fields = {name: f"a new {name}" for name in fields_of(type_name)}
        assert client.update(handler_id, type=type_name, **fields).status_code == 200
        assert client.retrieve(handler_id)["settings"] == (fields or {type_name: ""})
    client.delete(handler_id)


@each_site
def test_a_type_that_it_does_not_have_is_refused_as_the_base_refuses(overlay: str, site: Site) -> None:
    client, base = clients()(overlay), clients()("zipa-la")
    refused = base.send("POST", "/notification-handlers", {"name": "n", "type": "fax"})
    assert refused.status_code == 401
    for type_name in [*(name for name in EVERY_TYPE if name not in site.types), "fax"]:
        form = {"name": "n", "type": type_name, type_name: "value"}
        response = client.send("POST", "/notification-handlers", form)
        assert (response.status_code, response.data) == (refused.status_code, refused.data)


@each_site
def test_a_field_of_a_type_that_it_does_not_have_is_unknown(overlay: str, site: Site) -> None:
    client = clients()(overlay)
    handler_id = client.create(name="n", type="email", email="a", twilio="b", discord="c")
    codes = sorted(remark.partition(":")[0] for remark in client.remarks)
    wanted = ["foreign-field" if name in site.types else "unknown-field" for name in ("twilio", "discord")]
    assert codes == sorted(wanted)
    assert client.retrieve(handler_id)["settings"] == {"email": "a"}
    client.delete(handler_id)


@each_site
def test_its_links_begin_as_its_page_shows(overlay: str, site: Site) -> None:
    client = clients()(overlay)
    assert client.list()["links"]["self"] == f"http://localhost/api/notification-handlers{site.opening}page=1"
    repeated = client.list(results_per_page=10)["links"]["self"]
    assert repeated == "http://localhost/api/notification-handlers?results_per_page=10&page=1"


@each_site
def test_a_filter_that_it_does_not_have_is_ignored_and_noted(overlay: str, site: Site) -> None:
    client = clients()(overlay)
    page = client.list(search="nothing has this name")
    assert page["meta"]["total"] == (0 if "search" in site.filters else 1)
    noted = [remark.partition(":")[0] for remark in client.remarks]
    assert noted == ([] if "search" in site.filters else ["unknown-parameter"])


def test_the_base_refuses_the_same_way() -> None:
    response = Client().send("POST", "/notification-handlers", {"name": "n", "type": "fax"})
    assert response.status_code == 401
    assert response.get_json()["errors"][0]["title"] == "Your have exceeded the limits of your current plan."


def test_the_engine_family_departs_from_the_page_in_all_its_ways() -> None:
    client = Client(overlays=("engine-family",))
    page = client.list(page=1)
    assert page["meta"] == {"page": "1", "results_per_page": 25, "total_results": 1, "total_pages": 1}
    assert page["links"]["first"] == "http://localhost/api/notification-handlers?&page=1"
    assert client.list()["meta"]["page"] == 1
    assert (page["data"][0]["user_id"], page["data"][0]["is_enabled"]) == (1, 1)
    form = {"name": "New", "type": "telegram", "telegram": "t", "telegram_chat_id": "c"}
    created = client.send("POST", "/notification-handlers", form).get_json()["data"]
    read = client.retrieve(created["id"])
    assert created == {**read, "settings": '{"telegram":"t","telegram_chat_id":"c"}'}
    updated = client.update(created["id"], is_enabled="0").get_json()["data"]
    assert (updated["type"], updated["is_enabled"], updated["user_id"]) == ("telegram", 0, 1)
    assert updated["settings"] == created["settings"]


def test_the_reported_defect_of_updates_is_an_answer_beside_the_engine_family() -> None:
    client = Client(overlays=("engine-family",), answers=("update-keeps=blanked",))
    updated = client.update(1, name="Other").get_json()["data"]
    assert (updated["name"], updated["type"], updated["settings"]) == ("Other", "", "{}")
