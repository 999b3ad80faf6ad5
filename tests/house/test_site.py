"""The documentation site builds without a broken link and loads nothing from other hosts."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What a browser fetches by itself, unlike a link that a reader follows.
FETCHED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']?(https?:)?//[^\"' >]+")


def strings(nav: object) -> list[str]:
    """All pages of the navigation."""
    if isinstance(nav, str):
        return [nav]
    values = nav.values() if isinstance(nav, dict) else nav
    assert not isinstance(values, int)
    return [page for each in values for page in strings(each)]  # type: ignore[attr-defined]


def test_every_page_is_in_the_navigation() -> None:
    config = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(strings(config["project"]["nav"])) == sorted(pages)


def test_the_site_builds_strictly_and_fetches_nothing() -> None:
    pytest.importorskip("zensical", reason="needs the extra `docs`")
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stdout + built.stderr
    pages = list((ROOT / "build" / "docs").rglob("*.html"))
    assert len(pages) > 10
    assert {page.name for page in pages if FETCHED.search(page.read_text("utf-8"))} == set()


def test_a_page_that_fetches_is_seen() -> None:
    assert FETCHED.search('<link href="https://fonts.example.org/x.css" rel="stylesheet">')
    assert FETCHED.search("<script src=//cdn.example.org/x.js></script>")
    assert not FETCHED.search('<a href="https://example.org">')
