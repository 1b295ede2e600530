"""The page shows events of its world at once, and the controls of the page change the world."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open, World, form, live, rows


def test_a_handler_created_by_the_api_appears(world: World, page: Page) -> None:
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    created = world.create(name="Team channel", type="slack", slack="https://example.com/hook")
    row = page.get_by_role("table", name="Handlers").get_by_role("row").nth(1)
    expect(row).to_contain_text("Team channel")
    expect(row).to_contain_text("https://example.com/hook")
    expect(row.get_by_role("cell").first).to_have_text(str(created))
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("201")


def test_an_armed_429_makes_the_next_call_fail(world: World, page: Page) -> None:
    page.get_by_role("tab", name="Controls").click()
    page.get_by_label("What goes wrong").select_option("refusal=rate_limited")
    page.get_by_role("button", name="Arm", exact=True).click()
    armed = page.get_by_role("list", name="Armed faults")
    expect(armed).to_contain_text("429 rate_limited")
    expect(page.locator("#overview")).to_contain_text("1 fault armed")
    assert world.api("GET", "/notification-handlers/").status_code == 429
    expect(rows(page)).to_contain_text("429")
    expect(rows(page)).to_contain_text("fault")
    assert world.api("GET", "/notification-handlers/").status_code == 200


def test_a_delay_opens_the_field_that_it_needs(world: World, page: Page) -> None:
    page.get_by_role("tab", name="Controls").click()
    delay = page.get_by_label("Held back for")
    expect(delay).to_be_hidden()
    page.get_by_label("What goes wrong").select_option("a delay")
    delay.fill("1ms")
    page.get_by_role("button", name="Arm", exact=True).click()
    expect(page.get_by_role("list", name="Armed faults")).to_contain_text("1ms")


def test_a_violation_can_be_read(world: World, page: Page) -> None:
    world.api("POST", "/notification-handlers", files=form({"name": "A", "type": "slack", "channel": "x"}))
    said = world.control("GET", "/journal")["exchanges"][0]["violations"]
    assert said
    rows(page).click()
    detail = page.get_by_role("article", name="The chosen exchange")
    for violation in said:
        expect(detail).to_contain_text(violation["sentence"])
    parts = detail.get_by_role("table", name="What the parser made of the form")
    expect(parts.get_by_role("row")).to_have_count(4)
    expect(parts).to_contain_text("channel")


def test_reset_and_undo(world: World, page: Page) -> None:
    world.create(name="Kept for a while", type="slack", slack="https://example.com/hook")
    handlers = page.get_by_role("table", name="Handlers")
    expect(handlers).to_contain_text("Kept for a while")
    page.get_by_role("button", name="Reset world").click()
    expect(handlers).not_to_contain_text("Kept for a while")
    expect(rows(page)).to_have_count(0)
    assert len(world.control("GET", "/state")["handlers"]) == 1
    page.get_by_role("button", name="Undo").click()
    expect(handlers).to_contain_text("Kept for a while")
    world.api("GET", "/notification-handlers/")
    expect(rows(page)).to_have_count(1)


def test_what_another_door_changes_shows_too(world: World, page: Page) -> None:
    overview = page.locator("#overview")
    world.control("PATCH", "/clock", {"now": "2030-01-02T03:04:05Z", "frozen": True})
    expect(overview).to_contain_text("2030-01-02 03:04:05")
    expect(overview).to_contain_text("frozen")
    world.control("PATCH", "/quota", {"requests": 60, "used": 18})
    expect(overview).to_contain_text("42 of 60 left")
    world.control("PATCH", "/rules", {"strict": True})
    expect(overview).to_contain_text("strict")
    world.control("POST", "/faults", {"status": 503, "times": 3})
    expect(overview).to_contain_text("1 fault armed")
    world.control("PUT", "/state", {"handlers": []})
    expect(page.locator("#handlers")).to_contain_text("No handlers.")


def test_two_worlds_never_mix(world: World, page: Page) -> None:
    other = World(world.url, f"{world.key}-other")
    other.create(name="Elsewhere", type="slack", slack="https://example.com/hook")
    world.create(name="Here", type="slack", slack="https://example.com/hook")
    expect(page.locator("#handlers")).to_contain_text("Here")
    expect(page.locator("#handlers")).not_to_contain_text("Elsewhere")
    page.get_by_label("World", exact=True).fill(other.key)
    page.keyboard.press("Enter")
    expect(page.locator("#handlers")).to_contain_text("Elsewhere")
    expect(page.locator("#handlers")).not_to_contain_text("Here")
    expect(rows(page)).to_have_count(1)
    assert other.key in page.url


def test_a_request_with_a_wrong_key_is_found_in_no_world(world: World, page: Page) -> None:
    world.api("GET", "/notification-handlers/", headers={"Authorization": "Bearer wrong"})
    page.get_by_role("button", name="No valid key").click()
    expect(rows(page).last).to_contain_text("401")


def test_the_clock_is_frozen_moved_and_released(world: World, page: Page) -> None:
    page.get_by_role("tab", name="Controls").click()
    clock = page.get_by_role("region", name="Clock")
    clock.get_by_role("button", name="Freeze").click()
    expect(clock.get_by_role("button", name="Let it run")).to_be_visible()
    before = world.control("GET", "/clock")
    assert before["frozen"]
    clock.get_by_role("button", name="Advance by 1h").click()
    clock.get_by_label("Set to (UTC)").fill("2026-01-01T00:00:00Z")
    clock.get_by_role("button", name="Set", exact=True).click()
    expect(clock.locator("output")).to_have_text("2026-01-01 00:00:00")
    clock.get_by_label("Advance by", exact=True).fill("2h")
    clock.get_by_role("button", name="Advance", exact=True).click()
    expect(clock.locator("output")).to_have_text("2026-01-01 02:00:00")
    clock.get_by_role("button", name="Let it run").click()
    expect(clock.get_by_role("button", name="Freeze")).to_be_visible()
    assert not world.control("GET", "/clock")["frozen"]


def test_the_quota_is_enforced_and_used_up(world: World, page: Page) -> None:
    page.get_by_role("tab", name="Controls").click()
    quota = page.get_by_role("region", name="Quota")
    quota.get_by_role("button", name="Enforce").click()
    expect(quota).to_contain_text("requests left")
    quota.get_by_role("button", name="Use it up").click()
    expect(quota).to_contain_text("0 of ")
    assert world.api("GET", "/notification-handlers/").status_code == 429
    quota.get_by_role("button", name="Count nothing").click()
    expect(quota).to_contain_text("Nothing is counted.")
    assert world.api("GET", "/notification-handlers/").status_code == 200


def test_the_rules_are_changed(world: World, page: Page) -> None:
    page.get_by_role("tab", name="Controls").click()
    rules = page.get_by_role("region", name="Rules")
    rules.get_by_label("Strict").check()
    expect(page.locator("#overview")).to_contain_text("strict")
    rules.get_by_label("Latency of each answer").fill("1ms..2ms")
    rules.get_by_role("button", name="Set").click()
    expect(page.locator("#overview")).to_contain_text("late by 1ms..2ms")
    assert world.control("GET", "/rules") == {"strict": True, "latency": "1ms..2ms"}


def test_a_refused_change_says_why(opened: Open) -> None:
    page = live(opened(expects="400"))
    page.get_by_role("tab", name="Controls").click()
    rules = page.get_by_role("region", name="Rules")
    rules.get_by_label("Latency of each answer").fill("soon")
    rules.get_by_role("button", name="Set").click()
    expect(page.locator("#notices")).to_contain_text("latency")


def test_a_question_is_answered_otherwise_in_this_world_alone(world: World, page: Page) -> None:
    page.get_by_role("tab", name="Questions").click()
    page.get_by_label("Show only questions with").fill("create-status")
    page.get_by_text("Which status does a create return?").first.click()
    page.get_by_role("radio", name="ok").check()
    expect(page.locator("#questions-count")).to_have_text("1")
    created = world.api("POST", "/notification-handlers", files=form({"name": "A", "type": "slack"}))
    assert created.status_code == 200
    page.get_by_role("tab", name="API").click()
    operation = page.locator("#operation-create_notification_handler")
    operation.locator("summary").first.click()
    expect(operation.locator("details.answer summary").first).to_contain_text("200")


def test_coverage_says_what_was_met(world: World, page: Page) -> None:
    page.get_by_role("tab", name="Coverage").click()
    world.api("GET", "/notification-handlers/77")
    seen = world.control("GET", "/coverage")
    expect(page.locator("#coverage-sum")).to_have_text(f"{seen['seen']} of {seen['total']} behaviours met")
    expect(page.locator(".chip.met", has_text="not_found")).to_be_visible()


def test_the_documentation_lists_every_operation_and_sends_requests(world: World, page: Page) -> None:
    page.get_by_role("tab", name="API").click()
    for operation in world.control("GET", "/info", key=None)["operations"]:
        expect(page.locator(f"#operation-{operation['id']}")).to_contain_text(operation["path"])
    create = page.locator("#operation-create_notification_handler")
    create.locator("summary").first.click()
    create.get_by_role("combobox", name="Example").select_option("slack")
    create.get_by_role("button", name="Send").click()
    expect(create.locator("output")).to_contain_text("201")
    expect(rows(page)).to_have_count(1)
    state = world.control("GET", "/state")
    assert [handler["type"] for handler in state["handlers"]].count("slack") == 1
    page.get_by_role("button", name="The mock's control").click()
    expect(page.locator("#operation-arm_fault")).to_contain_text("/faults")


@pytest.mark.parametrize("preset", ["quota", "outage", "slow", "flaky", "changed"])
def test_each_example_of_a_fault_can_be_armed(world: World, page: Page, preset: str) -> None:
    page.get_by_role("tab", name="Controls").click()
    page.locator(f"#preset-{preset}").click()
    expect(page.get_by_role("list", name="Armed faults").get_by_role("button")).to_have_count(1)
    assert len(world.control("GET", "/faults")["faults"]) == 1
    page.get_by_role("button", name="Disarm all").click()
    expect(page.get_by_text("Nothing is armed.")).to_be_visible()
    assert world.control("GET", "/faults")["faults"] == []


def test_the_journal_is_filtered(world: World, page: Page) -> None:
    world.api("GET", "/notification-handlers/")
    world.api("GET", "/notification-handlers/77")
    expect(rows(page)).to_have_count(2)
    page.get_by_label("Show only exchanges with").fill("4xx")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("404")
    page.get_by_label("Show only exchanges with").fill("nothing like it")
    expect(page.get_by_text("No exchange fits the filter.")).to_be_visible()


def test_the_journal_is_cleared(world: World, page: Page) -> None:
    world.api("GET", "/notification-handlers/")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(rows(page)).to_have_count(0)
    assert world.control("GET", "/journal")["exchanges"] == []
    world.api("GET", "/notification-handlers/77")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("404")
