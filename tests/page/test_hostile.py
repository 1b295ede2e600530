"""Hostile content in requests is shown as text everywhere, never as markup."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Open, World, form, live, rows

IMAGE = "<img src=x onerror=\"document.title='taken'\">"
SCRIPT = "<script>document.title='taken'</script>"


def seed(world: World) -> None:
    # The API removes tags from names, so the names are set by a snapshot, too, which may hold anything.
    handler = {"type": "slack", "name": IMAGE, "settings": {"slack": f"javascript:{SCRIPT}"}}
    world.control("PUT", "/state", {"handlers": [handler]})


def attack(world: World) -> None:
    world.api(
        "POST",
        f"/notification-handlers?x={IMAGE}",
        files={
            **form({"name": IMAGE, "type": "slack", "slack": SCRIPT, IMAGE: SCRIPT}),
            "file": (IMAGE, SCRIPT, "text/html"),
        },
        headers={"X-Header": IMAGE},
    )
    world.api(
        "POST", "/notification-handlers", data=f"{IMAGE}={SCRIPT}".encode(), headers={"Content-Type": IMAGE}
    )


def unharmed(page: Page) -> None:
    assert page.title() == "bitpeak-mock"
    assert page.locator("main img, main script, main iframe").count() == 0


def test_handlers_and_journal(world: World, page: Page) -> None:
    seed(world)
    expect(page.get_by_role("table", name="Handlers")).to_contain_text(IMAGE)
    attack(world)
    expect(rows(page)).to_have_count(2)
    for row in rows(page).all():
        row.click()
        page.locator("#exchange details summary").first.click()
        expect(page.locator("#exchange")).to_contain_text(IMAGE)
        unharmed(page)


def test_the_key_in_the_address(world: World, opened: Open) -> None:
    page = opened(url=f"{world.url}/_mock/#key=mock-{IMAGE}")
    expect(page.get_by_label("World", exact=True)).to_have_value(f"mock-{IMAGE}")
    expect(page.locator("#start-facts")).to_contain_text("onerror")
    unharmed(page)


@pytest.mark.parametrize("code", ["document.body.innerHTML = '<b>x</b>'", "document.write('<b>x</b>')"])
def test_the_browser_itself_makes_no_markup_of_a_text(opened: Open, code: str) -> None:
    page = live(opened(expects="Trusted"))
    assert page.evaluate(f"() => {{ try {{ {code} }} catch (error) {{ return error.name }} }}") == "TypeError"


def test_no_other_site_can_be_asked(opened: Open) -> None:
    page = live(opened(expects="Content Security Policy"))
    blocked = page.evaluate(
        """new Promise(done => {
             addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
             fetch('http://127.0.0.1:9/').then(() => done('let out'), () => undefined) })"""
    )
    assert blocked == "connect-src"
