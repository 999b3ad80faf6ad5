"""The page escapes what it is told and shows what it is given."""

from facenet_res.evaluation.page import Section, Table, html_page


def test_text_is_escaped_and_plots_are_not() -> None:
    table = Table(header=("a<b", "c"), rows=(("<script>", "1"),))
    section = Section(title="T&T", text="<i>", table=table, plots=("<svg></svg>",), code="x < 1")
    page = html_page("A <title>", "one", [section])
    assert "<svg></svg>" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "T&amp;T" in page
    assert "x &lt; 1" in page


def test_an_empty_section_leaves_only_its_heading() -> None:
    page = html_page("A", "b", [Section(title="alone")])
    assert "<h2>alone</h2>" in page
    assert "<table" not in page
    assert "<pre" not in page
