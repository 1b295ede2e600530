"""What the page says is so, and what it undoes is what was done: worlds, faults, counts, commands, names."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open, World, live, rows

SIZES = [(width, scheme) for width in (1280, 320) for scheme in ("light", "dark")]
everywhere = pytest.mark.parametrize(("width", "scheme"), SIZES)


def go(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()


def choose_world(page: Page, key: str) -> None:
    field = page.get_by_label("World", exact=True)
    field.fill(key)
    field.press("Enter")
    live(page)


def names(world: World) -> list[str]:
    return [row["name"] for row in world.control("GET", "/state")["handlers"]]


class TestUndo:
    """It belongs to its world, to what it undoes alone, and to the next minute."""

    @everywhere
    def test_it_leaves_another_world_alone(self, world: World, opened: Open, width: int, scheme: str) -> None:
        other = World(world.url, f"{world.key}-other")
        other.create(name="Theirs", type="email", email="a@example.com")
        world.create(name="Mine", type="email", email="a@example.com")
        page = live(opened(width=width, scheme=scheme))
        go(page, "Handlers")
        page.get_by_role("button", name="Delete all handlers").click()
        undo = page.get_by_role("button", name="Undo")
        expect(undo).to_be_visible()
        choose_world(page, other.key)
        expect(undo).to_have_count(0)
        expect(page.locator("#handlers")).to_contain_text("Theirs")
        assert (len(names(other)), names(world)) == (2, [])

    def test_an_offer_of_one_world_undoes_nothing_in_another(self, world: World, opened: Open) -> None:
        """Two windows of one browser, and the offer is taken after the other has moved on."""
        world.create(name="Mine", type="email", email="a@example.com")
        page = live(opened())
        page.get_by_role("button", name="Reset world").click()
        other = World(world.url, f"{world.key}-other")
        other.create(name="Theirs", type="email", email="a@example.com")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#handlers")).to_contain_text("Mine")
        assert "Theirs" in names(other)
        assert "Mine" in names(world)

    def test_it_undoes_nothing_that_was_done_since(self, world: World, page: Page) -> None:
        world.create(name="Mine", type="email", email="a@example.com")
        page.get_by_role("button", name="Delete all handlers").click()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
        world.control(
            "POST", "/faults", {"status": 503, "times": None, "operation": "delete_notification_handler"}
        )
        world.control("PATCH", "/questions", {"create-status": "ok"})
        world.control("PATCH", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True})
        world.control("PATCH", "/rules", {"strict": True})
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#handlers")).to_contain_text("Mine")
        state = world.control("GET", "/state")
        assert (len(state["faults"]), state["answers"]) == (1, {"create-status": "ok"})
        assert (state["clock"]["now"], state["rules"]["strict"]) == ("2030-01-01T00:00:00.000Z", True)

    def test_what_was_created_since_stays(self, world: World, page: Page) -> None:
        world.create(name="Older", type="email", email="a@example.com")
        page.get_by_role("button", name="Delete all handlers").click()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
        world.create(name="Newer", type="email", email="a@example.com")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("What has changed since stays as it is: handlers")).to_be_visible()
        assert names(world) == ["Newer"]

    def test_a_button_that_replaces_all_says_so(self, world: World, opened: Open) -> None:
        page = live(opened(width=1200))
        go(page, "Handlers")
        buttons = page.locator("#handlers-head button")
        expect(buttons).to_have_text(["Replace all by one for Slack", "Delete all handlers", "Reset world"])
        boxes = [each.bounding_box() for each in buttons.all()]
        assert len({box["y"] for box in boxes if box}) == 1, "on one line"
        buttons.first.click()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#handlers")).to_contain_text("Work email")
        assert names(world) == ["Work email"]

    def test_a_reset_is_undone_with_faults_answers_and_clock(self, world: World, page: Page) -> None:
        world.control("POST", "/faults", {"status": 503, "times": None})
        world.control("PATCH", "/questions", {"create-status": "ok"})
        world.control("PATCH", "/clock", {"now": "2030-01-01T00:00:00Z", "frozen": True})
        before = world.control("GET", "/state")
        expect(page.locator("#overview")).to_contain_text("1 fault armed")
        page.get_by_role("button", name="Reset world").click()
        expect(page.locator("#overview")).not_to_contain_text("armed")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#overview")).to_contain_text("1 fault armed")
        after = world.control("GET", "/state")
        assert {part: after[part] for part in ("faults", "answers", "clock")} == {
            part: before[part] for part in ("faults", "answers", "clock")
        }

    def test_it_is_offered_for_a_minute(self, world: World, opened: Open) -> None:
        page = opened(url="about:blank", expects="")
        page.clock.install()
        page.goto(world.page)
        live(page)
        page.get_by_role("button", name="Reset world").click()
        undo = page.get_by_role("button", name="Undo")
        expect(undo).to_be_visible()
        page.clock.fast_forward(55_000)
        expect(undo).to_be_visible()
        page.clock.fast_forward(6_000)
        expect(undo).to_have_count(0)


class TestCounts:
    """What is spent is not armed, and a part of the journal is not all of it."""

    @everywhere
    def test_a_spent_fault_is_not_armed(self, world: World, opened: Open, width: int, scheme: str) -> None:
        world.control("POST", "/faults", {"status": 503, "times": 1})
        world.control("POST", "/faults", {"refusal": "rate_limited", "times": 2})
        page = live(opened(width=width, scheme=scheme))
        expect(page.locator("#overview")).to_contain_text("2 faults armed")
        assert world.api("GET", "/notification-handlers/").status_code == 503
        expect(page.locator("#overview")).to_contain_text("1 fault armed")
        expect(page.locator("#faults-count")).to_have_text("1")
        go(page, "Controls")
        armed = page.get_by_role("list", name="Armed faults").get_by_role("listitem")
        expect(armed.first).to_contain_text("spent")
        expect(armed.last).to_contain_text("2 more times")
        page.get_by_role("button", name="Remove fault 1").click()
        expect(armed).to_have_count(1)

    @everywhere
    def test_the_page_says_that_it_shows_the_last_exchanges(
        self, world: World, opened: Open, width: int, scheme: str
    ) -> None:
        for number in range(154):
            world.api("GET", f"/notification-handlers/{100 + number}")
        for _ in range(450):
            world.api("GET", "/notification-handlers/1")
        page = live(opened(width=width, scheme=scheme))
        sum_ = page.locator("#journal-sum")
        expect(sum_).to_have_text("the last 500 of 604")
        sieve = page.get_by_label("Show only exchanges with")
        sieve.fill("4xx")
        expect(sum_).to_have_text("50 among the last 500 of 604")
        sieve.fill("")
        page.get_by_role("button", name="Clear").click()
        expect(rows(page)).to_have_count(0)
        world.api("GET", "/notification-handlers/1")
        expect(rows(page)).to_have_count(1)
        expect(sum_).to_have_text("")


@everywhere
def test_no_column_is_clipped_and_paths_are_told_apart(
    world: World, opened: Open, width: int, scheme: str
) -> None:
    world.create(
        name="Alerts of the team", type="telegram", telegram="123456:ABC", telegram_chat_id="-100123456"
    )
    for target in ("/1", "/2", "/99", "/?page=1&results_per_page=25", "?page=2", "/?page=3"):
        world.api("GET", f"/notification-handlers{target}")
    page = live(opened(width=width, scheme=scheme))
    expect(rows(page)).to_have_count(7)
    seen = page.evaluate(
        """() => [...document.querySelectorAll("#exchanges .target")].map((target) => {
          const box = target.getBoundingClientRect(), end = target.lastElementChild.getBoundingClientRect();
          return [target.lastElementChild.textContent, end.right <= box.right + 1, end.width > 8];
        })"""
    )
    assert [end for end, *_ in seen][1:4] == ["/1", "/2", "/99"]
    assert all(inside and wide for _, inside, wide in seen), seen
    head = page.locator(".journal .head")
    assert head.evaluate("(each) => each.scrollWidth <= each.clientWidth")
    if width == 1280:
        go(page, "Handlers")
        wide = page.get_by_role("group", name="Handlers, newest first")
        assert wide.evaluate("(each) => each.scrollWidth <= each.clientWidth"), "a column is clipped"
        key = page.get_by_label("World", exact=True)
        key.fill("mock-28637a587c1eb59f")  # as the fixture makes them
        assert key.evaluate("(each) => each.scrollWidth <= each.clientWidth"), "the key is clipped"


@everywhere
def test_the_filter_finds_violations_and_values(world: World, opened: Open, width: int, scheme: str) -> None:
    world.create(name="Team", type="slack", slack="https://hooks.example/T123", nme="?")
    world.create(name="Other", type="slack", slack="https://hooks.example/T456")
    page = live(opened(width=width, scheme=scheme))
    expect(rows(page)).to_have_count(2)
    sieve = page.get_by_label("Show only exchanges with")
    for text, count in (
        ("unknown-field", 1),
        ("ignored", 1),
        ("T456", 1),
        ("hooks.example", 2),
        ("nothing", 0),
    ):
        sieve.fill(text)
        expect(rows(page).locator("visible=true")).to_have_count(count)


@everywhere
def test_names_say_what_they_are(world: World, opened: Open, width: int, scheme: str) -> None:
    world.control("POST", "/faults", {"refusal": "rate_limited", "times": 1})
    world.api("GET", "/notification-handlers/")
    page = live(opened(width=width, scheme=scheme))
    expect(page.get_by_label("with remarks")).to_be_visible()
    expect(page.get_by_role("button", name="No valid key")).to_be_visible()
    expect(rows(page).locator(".mark.accent")).to_have_attribute("title", "An armed fault: 429 rate_limited")
    rows(page).first.click()
    expect(page.locator("#exchange")).to_contain_text("An armed fault made this answer: 429 rate_limited.")


@everywhere
def test_a_near_miss_is_explained(world: World, opened: Open, width: int, scheme: str) -> None:
    world.api("PUT", "/notification-handlers/1")
    world.api("GET", "/notification-handlers/1")
    page = live(opened(width=width, scheme=scheme))
    meant = "An update is a POST here. Send POST /api/notification-handlers/1."
    expect(rows(page).first.locator(".mark")).to_have_attribute("title", meant)
    page.get_by_label("with remarks").check()
    expect(rows(page).locator("visible=true")).to_have_count(1)
    rows(page).first.click()
    expect(page.locator("#exchange .remark")).to_have_text(f"hint {meant}")


def test_a_fault_that_clients_may_not_notice_says_so_where_it_is_armed(world: World, page: Page) -> None:
    go(page, "Controls")
    page.get_by_label("What goes wrong").select_option("wire=drop")
    page.get_by_role("button", name="Arm", exact=True).click()
    armed = page.get_by_role("list", name="Armed faults")
    expect(armed).to_contain_text("silently repeat such a request once")
    page.get_by_label("How often").fill("")
    page.get_by_role("button", name="Arm", exact=True).click()
    expect(armed.get_by_role("listitem")).to_have_count(2)
    expect(armed.get_by_role("listitem").last).not_to_contain_text("silently")


@everywhere
def test_one_message_is_shown_at_a_time(world: World, opened: Open, width: int, scheme: str) -> None:
    page = live(opened(width=width, scheme=scheme, expects="400"))
    go(page, "Handlers")
    page.get_by_role("button", name="Delete all handlers").click()
    expect(page.locator("#handlers")).to_contain_text("No handlers.")
    page.get_by_role("button", name="Reset world").click()
    expect(page.locator(".notice")).to_have_count(1)
    expect(page.locator(".notice")).to_contain_text("The world is as it was on first use.")
    go(page, "Controls")
    page.get_by_label("Set to (UTC)").fill("nonsense")
    page.locator("#clock").get_by_role("button", name="Set", exact=True).click()
    expect(page.locator(".notice.bad")).to_have_count(1)
    expect(page.locator(".notice")).to_have_count(1)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell reads the line")
def test_a_copied_line_sends_the_same_bytes(world: World, opened: Open) -> None:
    sent: list[dict[str, Any]] = [
        {"files": {"name": (None, '"abc"'), "type": (None, "slack"), "slack": (None, "x" * 3000)}},
        {
            "files": {
                "name": (None, " a"),
                "type": (None, "email"),
                "file": ("a.txt", b"\x00\xff", "text/plain"),
            }
        },
        {"data": {"name": "@a", "type": "email"}},
        {"json": {"name": "x" * 5000}},
    ]
    for each in sent:
        world.api("POST", "/notification-handlers", **each)
    page = live(opened())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=world.url)
    for at in range(len(sent)):
        rows(page).nth(at).click()
        page.get_by_role("button", name="Copy as curl").click()
        expect(page.locator(".notice")).to_contain_text("Copied as a curl line.")
        line = page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="Close this message").click()
        subprocess.run(["sh", "-c", line], check=True, capture_output=True, timeout=30)
    calls = world.control("GET", "/journal", bodies="true")["exchanges"]
    first, again = calls[: len(sent)], calls[len(sent) :]
    for one, other in zip(first, again, strict=True):
        assert (one["status"], parts_of(one)) == (other["status"], parts_of(other))
    # curl chooses a boundary of its own for the form that it makes.
    assert [each["request"]["base64"] for each in first[1:]] == [
        each["request"]["base64"] for each in again[1:]
    ]


def parts_of(call: Any) -> list[tuple[str, str]]:
    return [(part["name"], part["sha256"]) for part in call["request"]["parts"]]


@everywhere
def test_all_worlds_are_listed_by_shortened_keys(world: World, opened: Open, width: int, scheme: str) -> None:
    other = World(world.url, f"{world.key}-with-a-longer-name")
    for number in range(3):
        other.create(name=f"Theirs {number}", type="email", email="a@example.com")
    other.control("POST", "/faults", {"status": 503, "times": None})
    world.api("GET", "/notification-handlers/")
    page = live(opened(width=width, scheme=scheme))
    page.get_by_role("button", name="Worlds").click()
    listed = page.get_by_role("dialog", name="Worlds")
    theirs = listed.get_by_role("row", name=f"mock-p…{len(other.key)}").first
    expect(theirs).to_be_visible()
    cells = theirs.get_by_role("cell").all_text_contents()
    assert cells[1:] == ["4", "3", "1"], "handlers, exchanges and faults"
    expect(listed).to_contain_text("as the one shown")
    expect(listed).not_to_contain_text(other.key)
    assert listed.evaluate("(each) => each.getBoundingClientRect().right <= innerWidth")
    listed.get_by_role("button", name="Close").click()
    expect(listed).to_be_hidden()
