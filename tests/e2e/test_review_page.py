"""The report page in a real browser: 20,000 images open at once, decisions by keyboard are saved.

Needs Playwright (extra `browser`) and a Chromium of the system; no browser is fetched.
"""

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from facenet_res.core.types import Box
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.decisions import read_decisions
from facenet_res.dedup.page import write_page
from facenet_res.dedup.review import ReviewServer
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import (
    CopyGroup,
    CopyKind,
    CopyMember,
    Counts,
    DedupReport,
    Groups,
    PersonFace,
    PersonGroup,
)
from facenet_res.imaging.encode import encode_jpeg
from tests.unit.dedup.pictures import picture, save

GROUPS = 10_000
OPEN_S_MAX = 2.0
NASTY = '<img src=x onerror="window.hacked=1">.jpg'
SCREENSHOTS = os.environ.get("REVIEW_SCREENSHOTS", "")


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def member(number: int, kind: CopyKind) -> CopyMember:
    path = NASTY if number == 1 else f"2019/holiday/IMG_{number:05d}.jpg"
    keep = kind is CopyKind.KEEP
    return CopyMember(
        path, 1_500_000, 3000, 2000, name(number), kind,
        () if keep else ("resized to 50%", "cropped to 81 % of the image"), 0.98,
        (0.05, 0.05, 0.95, 0.95), () if keep else (0.6, 0.7, 0.9, 0.9), "more real detail",
    )  # fmt: skip


def large_report(folder: Path) -> DedupReport:
    kinds = (CopyKind.EDITED, CopyKind.OVERLAY, CopyKind.REENCODED)
    copies = tuple(
        CopyGroup(
            f"copies-{number}",
            (member(2 * number, CopyKind.KEEP), member(2 * number + 1, kinds[number % 3])),
        )
        for number in range(GROUPS)
    )
    people = tuple(
        PersonGroup(
            f"person-{number}",
            tuple(
                PersonFace(f"{each}.jpg", name(each), 0, Box(1, 2, 30, 40), 0.99, 0.7, ())
                for each in range(number, number + 6)
            ),
        )
        for number in range(0, 3000, 6)
    )
    counts = Counts(20_000, 20_000, 10**10, 0, GROUPS, 10**9, 3000, 3000, 0, 0, 0)
    histogram = tuple(int(50 * (1 + number % 7)) for number in range(40))
    groups = Groups(counts, copies, (), people, (), (), (), histogram)
    return DedupReport(str(folder), "model-1", 0.42, 1e-3, groups, "2026-11-28T12:00:00+00:00", 9.0)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 10,000 groups of two images, and of 500 people."""
    folder = tmp_path_factory.mktemp("review")
    save(folder / "photos" / "a.jpg", picture(0))
    out = folder / "out"
    deduplicate(folder / "photos", out)
    write_page(folder / "photos", out, DedupConfig(), large_report(folder / "photos"))
    for kind, count, suffix in (("images", 2 * GROUPS, ""), ("faces", 3010, "-0")):
        place = out / "report_files" / kind
        for seed in range(20):
            (place / f"seed{seed}").write_bytes(encode_jpeg(picture(seed, 170, 256), 85))
        for number in range(count):
            (place / f"{name(number)}{suffix}.jpg").hardlink_to(place / f"seed{number % 20}")
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs extra `browser`")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a Chromium of the system")
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def url(out: Path) -> Iterator[str]:
    with ReviewServer(out) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def shoot(page: Any, title: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=f"{SCREENSHOTS}/{title}.png")


@pytest.mark.slow
def test_a_large_report_opens_at_once_and_decisions_are_saved(
    browser: Any, url: str, out: Path
) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # when it is opened
    started_s = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(".row .card img")
    opened_s = time.perf_counter() - started_s
    shoot(page, "copies")
    # then few rows are in the document, hostile names are text, and nothing else was asked for
    assert page.locator(".row").count() < 20
    assert NASTY in page.locator(".row").first.inner_text()
    assert page.evaluate("window.hacked") is None
    assert {each.split("/")[2] for each in asked} == {url.split("/")[2]}
    assert "token" not in page.url
    # and it scrolls to the end
    page.locator("#list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
    page.wait_for_selector(f"text=copies-{GROUPS - 1}")
    # when decisions are made by keyboard
    page.locator("#list").evaluate("list => { list.scrollTop = 0; }")
    page.wait_for_selector("text=copies-0")
    page.keyboard.press("n")
    page.wait_for_function("document.getElementById('said').textContent.startsWith('Not a copy')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("c")
    page.wait_for_selector(".done")
    # then they are on the disk, and there after a reload
    pairs = [tuple(sorted((name(2 * n), name(2 * n + 1)))) for n in (0, 1)]
    decisions = read_decisions(out)
    assert (decisions.not_copies, decisions.copies) == ({pairs[0]}, {pairs[1]})
    page.reload()
    page.wait_for_selector(".done")
    page.click("text=People 500")
    page.wait_for_selector("text=person-0")
    shoot(page, "people")
    # and the document is one that a screen reader can follow
    assert page.locator("[role=listitem]").first.get_attribute("aria-setsize") == "500"
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("button:not([aria-label]):empty").count() == 0
    assert problems == []
    assert opened_s <= OPEN_S_MAX
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_in_both_schemes(browser: Any, url: str, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 780}, color_scheme=scheme)
    page.goto(url)
    page.wait_for_selector(".row .card img")
    shoot(page, f"phone-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


@pytest.mark.slow
def test_the_static_folder_opens_without_a_server(browser: Any, out: Path) -> None:
    page = browser.new_page()
    page.goto((out / "report.html").as_uri())
    page.wait_for_selector(".row .card img")
    assert "dedup review" in page.locator("#mode").inner_text()
    assert page.locator(".acts button").first.is_disabled()
    page.close()
