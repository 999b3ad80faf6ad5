"""Tables of attributes: by photograph, by person, and their faults."""

from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid, FacenetError, FileMissing
from facenet_res.data.attributes import GROUPS_MAX, read_attributes

NAMES = ("set/ann/1.jpg", "set/ann/2.jpg", "set/bob/1.jpg")


def written(folder: Path, text: str) -> Path:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    return folder / "table.csv"


def test_a_person_stands_for_all_their_photographs(tmp_path: Path) -> None:
    path = written(tmp_path, "identity,sex,age\nann,f,\nbob,m,old\n")
    table = read_attributes(path, NAMES)
    assert table.images == NAMES
    assert table.people == ("ann", "ann", "bob")
    assert table.groups == {"sex": ("f", "f", "m"), "age": ("", "", "old")}
    assert table.unmentioned == 0


def test_a_photograph_may_be_named_without_outer_folders_and_its_person_set(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "file,identity,sex\nann/1.jpg,eve,f\nset/bob/1.jpg,bob,m\n")
    table = read_attributes(path, NAMES)
    assert table.images == ("set/ann/1.jpg", "set/bob/1.jpg")
    assert table.people == ("eve", "bob")
    assert table.unmentioned == 1


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", DataInvalid, "no line below its first"),
        ("name,sex\nann,f\n", DataInvalid, "needs a column file or identity"),
        ("identity\nann\n", DataInvalid, "one for each attribute"),
        ("identity,sex\nann,f\nann,f\n", DataInvalid, "line 3: identity 'ann' is empty or there"),
        ("identity,sex\n,f\n", DataInvalid, "line 2: identity '' is empty"),
        ("identity,sex\nann,f,x\n", DataInvalid, "line 2 has more fields"),
        ("identity,sex\neve,f\n", FileMissing, "line 2: eve is not among the images"),
        ("file,sex\nann/9.jpg,f\n", FileMissing, "ann/9.jpg is not among"),
    ],
)
def test_faults_are_named(
    tmp_path: Path, text: str, error: type[FacenetError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_attributes(written(tmp_path, text), NAMES)


def test_too_many_groups_are_no_groups(tmp_path: Path) -> None:
    names = tuple(f"p{number}/1.jpg" for number in range(GROUPS_MAX + 1))
    lines = [f"p{number},{number}" for number in range(GROUPS_MAX + 1)]
    path = written(tmp_path, "identity,id\n" + "\n".join(lines))
    with pytest.raises(DataInvalid, match="id has 201 groups, limit is 200"):
        read_attributes(path, names)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="absent"):
        read_attributes(tmp_path / "absent.csv", NAMES)
