"""Tables of pairs: what they may leave out, and what each fault is called."""

from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.pair_table import read_pair_table, read_scored_pairs


def written(folder: Path, text: str) -> Path:
    (folder / "pairs.csv").write_text(text, encoding="utf-8")
    return folder / "pairs.csv"


def test_photographs_are_numbered_by_first_mention(tmp_path: Path) -> None:
    path = written(tmp_path, "same,second,first\n1,a/2.jpg,a/1.jpg\nno,b/1.jpg,a/1.jpg\n")
    pairs, people = read_pair_table(path)
    assert pairs.images == ("a/1.jpg", "a/2.jpg", "b/1.jpg")
    assert pairs.first.tolist() == [0, 0]
    assert pairs.second.tolist() == [1, 2]
    assert pairs.is_same.tolist() == [True, False]
    assert pairs.folds.tolist() == [0, 0]
    assert len(people) == 0


def test_folds_and_people_may_be_given(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "\ufeffsimilarity,same,fold,first_person,second_person\n.5,TRUE,3,ann,ann\n"
        "-.25,false,4,ann,bob\n",
    )
    pairs = read_scored_pairs(path)
    assert pairs.similarities.tolist() == [0.5, -0.25]
    assert pairs.folds.tolist() == [3, 4]
    assert pairs.people.tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the columns similarity, same; its first line names none"),
        ("similarity\n1\n", "lacks the columns same"),
        ("similarity,same\n", "has 0 pairs"),
        ("similarity,same\nnan,1\n", "line 2: similarity should be a number; got 'nan'"),
        ("similarity,same\n0.5,1\nx,1\n", "line 3: similarity"),
        ("similarity,same\n0.5,maybe\n", "line 2: same should be 1 or 0; got 'maybe'"),
        ("similarity,same\n0.5\n", "line 2: same"),
        ("similarity,same,fold\n0.5,1,-1\n", "line 2: fold should be a whole number"),
        ("similarity,same,first_person,second_person\n.5,1,a,\n", "second_person is empty"),
        ("similarity,same,first_person,second_person\n.5,1,a,b\n", "line 2: .*contradict"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        read_scored_pairs(written(tmp_path, text))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_bytes(b"first,second,same\n\xff,a,1\n")
    with pytest.raises(DataInvalid, match="byte 18"):
        read_pair_table(tmp_path / "pairs.csv")
    with pytest.raises(FileMissing):
        read_pair_table(tmp_path / "absent.csv")
