"""The page is usable by keyboard, by a screen reader, in both themes, on a phone, and while many requests come in."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open, World, live, rows

AXE = Path(__file__).parents[1] / "clients" / "node" / "node_modules" / "axe-core" / "axe.min.js"
TABS = ["Handlers", "Controls", "Questions", "Coverage", "API"]


def fill_up(world: World) -> None:
    """Fill the world with something of each kind."""
    world.create(name="Team channel", type="slack", slack="https://example.com/hook", channel="x")
    world.control("POST", "/faults", {"status": 503, "times": 3})
    world.control("PATCH", "/quota", {"requests": 60})
    world.api("GET", "/notification-handlers/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_amiss_for_an_accessibility_judge(
    world: World, opened: Open, scheme: str, width: int
) -> None:
    page = live(opened(scheme=scheme, width=width))
    fill_up(world)
    expect(rows(page).first).to_be_attached()
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    if width > 1000:
        rows(page).first.click()
    told: list[tuple[str, str, str]] = []
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        if tab in {"Questions", "API"}:
            page.locator(f"#{'questions' if tab == 'Questions' else 'reference'}-body details summary").nth(
                1
            ).click()
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        assert found["passes"]
        told += [(tab, one["id"], node["html"][:200]) for one in found["violations"] for node in one["nodes"]]
    assert told == []


def test_every_control_is_reached_by_the_tab_key_and_none_holds_it(page: Page) -> None:
    wanted = page.evaluate(
        """[...document.querySelectorAll('a, button, input, select, summary, [tabindex="0"]')]
           .filter(e => e.checkVisibility() && e.tabIndex >= 0 && !e.classList.contains('skip')).length"""
    )
    page.get_by_role("link", name="Skip to the journal").focus()
    reached = set()
    for _ in range(wanted + 40):
        page.keyboard.press("Tab")
        at = page.evaluate(
            """() => { const e = document.activeElement; if (e === document.body) return null;
                 const style = getComputedStyle(e);
                 return [e.id || e.outerHTML, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2] }"""
        )
        if at is None or "Skip to the journal" in at[0]:  # past the end, or around to the beginning
            break
        assert at[1], f"no visible focus: {at[0]}"
        reached.add(at[0])
    else:
        pytest.fail("the focus never left the page: something holds it")
    assert {"key", "theme", "shortcuts", "sieve", "exchanges", "tab-handlers", "reset"} <= reached


def test_the_shortcuts_are_shown_and_work(world: World, page: Page) -> None:
    for path in ("/notification-handlers/", "/notification-handlers/77"):
        world.api("GET", path)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("?")
    shown = page.get_by_role("dialog", name="Shortcuts")
    keys = shown.locator("kbd").all_inner_texts()
    assert {"1", "6", "j", "k", "/", "w", "t", "?"} <= set(keys)
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    page.keyboard.press("3")
    expect(page.get_by_role("tab", name="Controls")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("k")
    expect(page.locator("#exchange")).to_contain_text("404")
    page.keyboard.press("k")
    expect(page.locator("#exchange")).to_contain_text("200")
    page.keyboard.press("/")
    page.keyboard.type("77?")
    expect(page.get_by_label("Show only exchanges with")).to_have_value("77?")
    expect(shown).to_be_hidden()


def test_shortcuts_of_one_letter_can_be_turned_off(page: Page) -> None:
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Shortcuts of one letter are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("3")
    expect(page.get_by_role("tab", name="Handlers")).to_have_attribute("aria-selected", "true")


def test_the_journal_is_walked_by_arrows(world: World, page: Page) -> None:
    for number in (71, 72, 73):
        world.api("GET", f"/notification-handlers/{number}")
    expect(rows(page)).to_have_count(3)
    page.locator("#exchanges").focus()
    page.keyboard.press("Home")
    expect(page.locator("#exchange")).to_contain_text("/71")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#exchange")).to_contain_text("/72")
    page.keyboard.press("End")
    expect(page.locator("#exchange")).to_contain_text("/73")
    page.keyboard.press("Escape")
    expect(page.locator("#exchange")).to_be_hidden()


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_themes_follow_the_system_and_the_choice_and_are_kept(opened: Open) -> None:
    light, dark = live(opened(scheme="light")), live(opened(scheme="dark"))
    system = background(light), background(dark)
    assert system[0] != system[1]
    button = dark.get_by_role("button", name="Theme")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert background(dark) == system[0]
    dark.reload()
    assert background(dark) == system[0]
    button.click()
    button.click()
    expect(button).to_have_text("Theme: auto")
    assert background(dark) == system[1]


@pytest.mark.parametrize("width", [320, 390, 700, 980])
def test_a_narrow_window_needs_no_scrolling_sideways(world: World, opened: Open, width: int) -> None:
    page = live(opened(width=width))
    fill_up(world)
    expect(rows(page).first).to_be_visible()
    rows(page).first.click()
    for tab in ("Journal", *TABS):
        page.get_by_role("tab", name=tab).click()
        sizes = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert sizes[0] <= sizes[1], tab
        pane = page.locator(".pane.shown")
        assert pane.evaluate("pane => pane.scrollWidth <= pane.clientWidth"), tab
        box = pane.bounding_box()
        assert box is not None
        assert box["height"] > 250, tab


def test_nothing_moves_while_the_journal_grows(world: World, page: Page) -> None:
    page.evaluate(
        """() => { window.shifts = []; new PerformanceObserver(list => window.shifts.push(
             ...list.getEntries().map(entry => entry.sources.map(source => source.node?.outerHTML ?? ''))))
             .observe({type: 'layout-shift'}) }"""
    )
    for number in range(60):
        world.api("GET", f"/notification-handlers/{number + 100}")
    expect(rows(page)).to_have_count(60)
    expect(rows(page).last).to_be_in_viewport()
    assert page.evaluate("window.shifts") == []


def test_who_reads_further_up_is_left_alone(world: World, page: Page) -> None:
    for number in range(60):
        world.api("GET", f"/notification-handlers/{number + 100}")
    expect(rows(page)).to_have_count(60)
    rows(page).first.click()
    before = rows(page).first.bounding_box()
    world.api("GET", "/notification-handlers/")
    expect(rows(page)).to_have_count(61)
    assert rows(page).first.bounding_box() == before
    page.get_by_role("button", name="Newest").click()
    expect(rows(page).last).to_be_in_viewport()


def test_new_exchanges_are_said_to_a_screen_reader(world: World, page: Page) -> None:
    world.api("GET", "/notification-handlers/77")
    expect(page.locator("#heard")).to_have_text(
        "1 new exchange, the last 1: GET /api/notification-handlers/77, answered 404"
    )
