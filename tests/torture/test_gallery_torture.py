"""Galleries that are damaged, thousands of times: `make torture`, or TORTURE_ROUNDS=N.

Every round must end in right answers or in a typed refusal; each kind is counted and printed.
"""

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from facenet_res.gallery.gallery import EmbeddingGallery
from tests.unit.gallery.test_damage import FACES, flip, is_right_or_refused, make

ROUNDS = int(os.environ.get("TORTURE_ROUNDS", "40"))
DAMAGES = ("flip", "truncate", "zeros", "remove", "older")


def harm(folder: Path, older: Path, choose: random.Random) -> str:
    """Damages one file of a gallery in one way; what was done."""
    file = choose.choice([one for one in sorted(folder.iterdir()) if one.stat().st_size])
    damage = choose.choice(DAMAGES)
    size = file.stat().st_size
    if damage == "flip":
        flip(file, choose.randrange(size * 8))
    elif damage == "truncate":
        os.truncate(file, choose.randrange(size))
    elif damage == "zeros":
        with file.open("rb+") as opened:
            opened.seek(choose.randrange(size))
            opened.write(bytes(choose.randrange(1, 4096)))
    elif damage == "older" and (older / file.name).exists():
        shutil.copy(older / file.name, file)
    else:
        file.unlink()
    return f"{damage} {file.name}"


@pytest.mark.slow
def test_no_damage_makes_a_wrong_answer(tmp_path: Path) -> None:
    older, closed, killed = (tmp_path / name for name in ("older", "closed", "killed"))
    make(older)
    shutil.copytree(older, closed)
    with EmbeddingGallery.open(closed) as gallery:
        gallery.enroll("p3", FACES[3], face_id="again")
        gallery.delete_face("again")
        people = gallery.people()
        shutil.copytree(closed, killed)
    seen: Counter[tuple[str, bool]] = Counter()
    for number in range(ROUNDS):
        choose = random.Random(number)  # noqa: S311
        copy = Path(shutil.copytree(choose.choice([closed, killed]), tmp_path / "copy"))
        done = harm(copy, older, choose)
        seen[done, is_right_or_refused(copy, people)] += 1
        shutil.rmtree(copy)
    for (done, is_right), count in sorted(seen.items()):
        print(f"{done:26} {'answered rightly' if is_right else 'refused':18} {count}")  # noqa: T201
    assert sum(seen.values()) == ROUNDS
