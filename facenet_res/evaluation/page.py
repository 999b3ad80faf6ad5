"""One HTML page of tables and plots that needs no other file, no network and no script."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

TEMPLATE: Final = "page.html.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a header.

    Attributes:
        header: names of the columns.
        rows: as many cells each as the header has.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page.

    Attributes:
        title: its heading.
        text: one paragraph above the rest; "" for none.
        table: or None.
        plots: `<svg>` elements of `evaluation.plots`, put into the page as they are.
        code: shown as typed, such as a recipe; "" for none.
    """

    title: str
    text: str = ""
    table: Table | None = None
    plots: tuple[str, ...] = ()
    code: str = ""


def html_page(title: str, summary: str, sections: list[Section]) -> str:
    """A page for people.

    Args:
        title: of the page.
        summary: one paragraph under it: what was measured, on what, when.
        sections: in order. All their text is escaped, only plots are not.

    Returns:
        An HTML document.
    """
    source = files("facenet_res.evaluation").joinpath(TEMPLATE).read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # Our own SVG, made from numbers and from labels that matplotlib escapes.
    environment.filters["svg"] = Markup
    return environment.from_string(source).render(title=title, summary=summary, sections=sections)
