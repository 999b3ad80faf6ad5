"""What can be typed, set or measured is written down; what is written down is there."""

import argparse
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from facenet_res.cli.commands import build_parser
from facenet_res.inference.stats import BatcherStats
from facenet_res.server import metrics
from facenet_res.server.config import ServerConfig

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
DOCUMENTED = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)

# Written in two parts, so that this file does not find itself.
SECRETS = re.compile(
    "|".join(
        (
            "BEGIN [A-Z ]*PRIVATE" + " KEY",
            "gh[pousr]_" + "[A-Za-z0-9]{30}",
            "AKIA" + "[0-9A-Z]{16}",
            "pypi-" + "AgE[A-Za-z0-9_-]{20}",
            r"https?://[^\s/@:]+:[^\s/@]+" + "@",
        )
    )
)
PACKAGE_INDEX = re.compile("--(extra-)?index" + "-url|--find" + "-links|trusted" + "-host", re.I)
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".proto", ".j2", ".sh", ""}


def commands(parser: argparse.ArgumentParser, words: str) -> Iterator[str]:
    """Every command with its words, such as "facenet-res gallery enroll"."""
    children = [
        (name, child)
        for action in parser._actions  # argparse shows its children nowhere else
        if isinstance(action, argparse._SubParsersAction)
        for name, child in action.choices.items()
    ]
    if not children:
        yield words
    for name, child in children:
        yield from commands(child, f"{words} {name}")


def flags(parser: argparse.ArgumentParser) -> set[str]:
    """Every long option of a parser and of its commands."""
    found: set[str] = set()
    for action in parser._actions:
        found.update(each for each in action.option_strings if each.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                found |= flags(child)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links that lead nowhere, and in-page ones without their heading."""
    broken = []
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists():
            broken.append(target)
            continue
        # Only pages of ours are read: a link to a picture has no anchor.
        around = there.read_text(encoding="utf-8") if name and anchor else text
        if anchor and anchor not in anchors(around):
            broken.append(target)
    return broken


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}


def tracked_texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(
        ("git", "ls-files", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    for name in listed:
        path = ROOT / name
        if path.suffix in TEXT_SUFFIXES and path.is_file():
            yield name, path.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("command", list(commands(build_parser(), "facenet-res")))
def test_every_command_is_documented(command: str) -> None:
    assert command in DOCUMENTED


def test_every_flag_of_the_command_line_is_documented() -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    assert {flag for flag in flags(build_parser()) if f"`{flag}" not in page} == set()


def test_the_tables_of_the_command_line_have_each_row_once() -> None:
    # A merge had kept both sides' rows.
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*) \|", page, re.M)
    assert sorted(rows) == sorted(set(rows))


@pytest.mark.parametrize("name", [entry.name for entry in fields(ServerConfig)])
def test_every_setting_of_the_server_is_documented_with_its_default(name: str) -> None:
    page = (ROOT / "docs/server.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"docs/server.md has {len(rows)} rows for {name}"
    default = next(entry.default for entry in fields(ServerConfig) if entry.name == name)
    shown = {"True": "true", "False": "false", ".": "", "": ""}.get(str(default), str(default))
    assert rows[0].split("|")[2].strip().strip("`") == shown


@pytest.mark.parametrize("name", re.findall(r"facenet_\w+", metrics.__doc__ or ""))
def test_every_metric_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/server.md").read_text(encoding="utf-8")


def test_metrics_that_are_counted_are_metrics_that_are_listed() -> None:
    counted = metrics.Metrics()
    counted.watch_batcher(BatcherStats)
    families = text_string_to_metric_families(counted.render())
    typed = [
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
        if not family.name.endswith("_created")
    ]
    assert sorted(typed) == sorted(set(re.findall(r"facenet_\w+", metrics.__doc__ or "")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


def test_a_broken_link_is_seen() -> None:
    text = (
        "# A part\n[gone](gone.md) [here](#a-part) [not](#b) [out](https://example.org)\n"
        "```\n[code](code.md)\n```\n"
    )
    assert broken_links(ROOT / "NOTICE", text) == ["gone.md", "#b"]


def test_every_target_of_make_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):.*##", makefile, re.M)
    assert len(targets) > 8
    assert [target for target in targets if f"make {target}" not in DOCUMENTED] == []


def test_every_folder_of_the_package_stands_on_a_floor() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floors = next(
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    standing = {each.strip() for floor in floors for each in floor.split("|")}
    folders = {
        f"facenet_res.{path.parent.name}" for path in (ROOT / "facenet_res").glob("*/__init__.py")
    }
    assert standing == folders | {"experiments", "examples"}


def test_no_file_names_a_package_index_or_holds_a_secret() -> None:
    texts = dict(tracked_texts())
    if not texts:
        pytest.skip("needs Git, to know which files belong to the project")
    assert [name for name, text in texts.items() if SECRETS.search(text)] == []
    assert [name for name, text in texts.items() if PACKAGE_INDEX.search(text)] == []


@pytest.mark.parametrize(
    "text", ["-----BEGIN RSA PRIVATE" + " KEY-----", "https://me:secret" + "@host/simple"]
)
def test_a_secret_is_seen(text: str) -> None:
    assert SECRETS.search(text)


def test_releases_are_dated_and_the_version_has_its_entry() -> None:
    from facenet_res import __version__

    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d{{2}}-\d{{2}}$", changes, re.M)
