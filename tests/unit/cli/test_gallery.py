"""`gallery ...`: a gallery from its making to its emptying."""

import os
import re
import shutil
from pathlib import Path

import pytest

from facenet_res.core import exit_codes
from facenet_res.gallery.gallery import EmbeddingGallery
from tests.artifacts import write_random_artifact
from tests.unit.cli.conftest import Run


@pytest.fixture
def gallery(run: Run, model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "gallery"
    assert run("gallery", "create", "--gallery", path, "--model", model).code == exit_codes.OK
    return path


def test_a_person_is_enrolled_known_and_deleted(
    run: Run, model: Path, photos: Path, gallery: Path
) -> None:
    local = ("--gallery", gallery, "--json")
    with_model = (*local, "--model", model)

    enrolled = run(
        "gallery", "enroll", "ada", photos / "a.jpg", "--name", "Ada L.", "--metadata", "desk=7",
        *with_model,
    )  # fmt: skip
    known = run("gallery", "identify", photos / "a.jpg", *with_model)
    verified = run("gallery", "verify", "ada", photos / "a.jpg", *with_model)
    listed = run("gallery", "list", *local)
    one = run("gallery", "list", "ada", *local)
    deleted = run("gallery", "delete", "ada", *local)
    empty = run("gallery", "identify", photos / "a.jpg", *with_model, "--exit-code")

    (face,) = enrolled.json["enrolled"]
    (answer,) = known.json["images"][0]["faces"]
    assert (answer["person_id"], answer["candidates"][0]["face_id"]) == ("ada", face["face_id"])
    assert verified.json["is_match"] is True
    assert [person["name"] for person in listed.json["people"]] == ["Ada L."]
    assert one.json["metadata"] == {"desk": "7"}
    assert one.json["faces"][0]["source"] == "a.jpg"
    assert (deleted.json["faces"], deleted.json["rows_left"]) == (1, 0)
    assert empty.json["images"][0]["faces"][0] == {
        "box": answer["box"],
        "person_id": None,
        "candidates": [],
        "outside": [],
    }
    assert empty.code == exit_codes.ANSWER_IS_NO


def test_the_same_photograph_again_stores_nothing_twice(
    run: Run, model: Path, photos: Path, gallery: Path
) -> None:
    said = [
        run("gallery", "enroll", "ada", photos / "a.jpg", "--gallery", gallery, "--model", model)
        for _ in range(2)
    ]
    assert ["already enrolled" in ran.out for ran in said] == [False, True]
    ran = run("gallery", "list", "ada", "--gallery", gallery, "--json")
    assert len(ran.json["faces"]) == 1


def test_one_face_can_be_deleted_and_the_person_stays(
    run: Run, model: Path, photos: Path, gallery: Path
) -> None:
    images = (photos / "a.jpg", photos / "b.jpg")
    run("gallery", "enroll", "ada", *images, "--gallery", gallery, "--model", model)
    faces = run("gallery", "list", "ada", "--gallery", gallery, "--json").json["faces"]

    ran = run("gallery", "delete", "--face", faces[0]["face_id"], "--gallery", gallery)

    assert "deleted face" in ran.out
    assert "ada     " in run("gallery", "list", "--gallery", gallery).out


def test_a_folder_of_people_is_enrolled_and_what_fails_is_listed(
    run: Run, model: Path, photos: Path, gallery: Path, tmp_path: Path
) -> None:
    people = tmp_path / "people"
    for person, name in (("ada", "a.jpg"), ("bea", "b.jpg"), ("cid", "none.jpg")):
        (people / person).mkdir(parents=True)
        shutil.copy(photos / name, people / person)

    ran = run(
        "gallery", "enroll", "--people", people, "--gallery", gallery, "--model", model, "--json"
    )

    assert ran.code == exit_codes.OK
    assert [row["person_id"] for row in ran.json["enrolled"]] == ["ada", "bea"]
    assert [row["reason"] for row in ran.json["skipped"]] == ["NO_FACE"]
    assert "2 of 3 files done" in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("enroll",), "enroll takes PERSON and IMG"),
        (("enroll", "ada"), "enroll takes PERSON and IMG"),
        (("enroll", "ada", "x.jpg", "--people", "."), "omit PERSON"),
        (("enroll", "--people", "absent"), "no folder of people"),
        (("enroll", "ada", "x.jpg", "--metadata", "desk"), "KEY=VALUE"),
        (("enroll", "ada", "absent.jpg"), "0 of 1 files done"),
        (("identify", "absent.jpg"), "0 of 1 files done"),
    ],
)
def test_senseless_arguments_are_input_errors(
    run: Run, model: Path, gallery: Path, words: tuple[str, ...], message: str
) -> None:
    ran = run("gallery", *words, "--gallery", gallery, "--model", model)
    assert ran.code == exit_codes.INPUT
    assert message in ran.err


@pytest.mark.parametrize("words", [(), ("ada", "--face", "f")])
def test_exactly_one_thing_is_deleted(run: Run, gallery: Path, words: tuple[str, ...]) -> None:
    ran = run("gallery", "delete", *words, "--gallery", gallery)
    assert ran.code == exit_codes.INPUT
    assert "either PERSON or" in ran.err


def test_states_that_forbid_have_their_status(
    run: Run, model: Path, photos: Path, gallery: Path, tmp_path: Path
) -> None:
    other = write_random_artifact(tmp_path / "other", seed=1).folder
    here = ("--gallery", gallery, "--model", model)
    again = run("gallery", "create", *here)
    nobody = run("gallery", "verify", "nobody", photos / "a.jpg", *here)
    foreign = run("gallery", "identify", photos / "a.jpg", "--gallery", gallery, "--model", other)
    for ran in (again, nobody, foreign):
        assert ran.code == exit_codes.STATE
        assert len(ran.err.strip().splitlines()) == 1


def test_a_missing_gallery_and_a_locked_one_are_told_apart(run: Run, gallery: Path) -> None:
    missing = run("gallery", "list", "--gallery", gallery / "absent")
    with EmbeddingGallery.open(gallery):
        locked = run("gallery", "delete", "nobody", "--gallery", gallery)
        listed = run("gallery", "list", "--gallery", gallery)
    assert (missing.code, locked.code) == (exit_codes.INPUT, exit_codes.UNAVAILABLE)
    assert listed.code == exit_codes.OK


def test_a_gallery_is_copied_and_checked(run: Run, gallery: Path, tmp_path: Path) -> None:
    copied = run("gallery", "backup", tmp_path / "copy", "--gallery", gallery, "--json")
    checked = run("gallery", "fsck", "--gallery", tmp_path / "copy")
    (tmp_path / "copy" / "gallery.head").write_bytes(b"")
    damaged = run("gallery", "fsck", "--gallery", tmp_path / "copy")
    assert (copied.code, checked.code) == (exit_codes.OK, exit_codes.OK)
    assert checked.out.startswith("sound: ")
    assert damaged.code == exit_codes.STATE
    assert "restore" in damaged.err


def test_a_photograph_that_was_skipped_is_not_known(
    run: Run, model: Path, photos: Path, gallery: Path, text_file: Path
) -> None:
    here = ("--gallery", gallery, "--model", model)
    run("gallery", "enroll", "ada", photos / "a.jpg", *here)
    ask = ("gallery", "identify", *here, "--exit-code")
    assert run(*ask, photos / "a.jpg").code == exit_codes.OK
    assert run(*ask, photos / "a.jpg", text_file).code == exit_codes.ANSWER_IS_NO
    assert run(*ask[:-1], photos / "a.jpg", text_file).code == exit_codes.OK
    assert run(*ask, text_file).code == exit_codes.INPUT


def test_a_person_who_is_as_close_is_remarked(
    run: Run, model: Path, photos: Path, gallery: Path
) -> None:
    here = ("--gallery", gallery, "--model", model)
    first = run("gallery", "enroll", "ada", photos / "a.jpg", *here)
    second = run("gallery", "enroll", "bea", photos / "a.jpg", *here)
    ran = run("gallery", "identify", photos / "a.jpg", *here, "--threshold", "0.9")
    assert "SIMILAR" not in first.err
    assert "bea: SIMILAR_TO_OTHER_PERSON: 1 similarity with ada" in second.err
    assert re.search(r"also (ada|bea), 1\.0000", ran.out)


def test_names_that_cannot_be_printed_do_not_stop_the_others(
    run: Run, model: Path, photos: Path, gallery: Path, tmp_path: Path
) -> None:
    broken = os.fsdecode(b"a\xff\xfe")
    people = tmp_path / "people"
    for person, name in ((broken, "1.jpg"), ("bea", f"{broken}.jpg"), ("cid", "2\n.jpg")):
        (people / person).mkdir(parents=True)
        shutil.copy(photos / "a.jpg", people / person / name)

    ran = run(
        "gallery", "enroll", "--people", people, "--gallery", gallery, "--model", model, "--json"
    )
    listed = run("gallery", "list", "cid", "--gallery", gallery, "--json")

    assert [row["person_id"] for row in ran.json["enrolled"]] == ["bea", "cid"]
    assert [row["path"] for row in ran.json["skipped"]] == [str(people / broken)]
    assert listed.json["faces"][0]["source"] == r"2\n.jpg"


def test_an_empty_gallery_is_said_to_be_empty(run: Run, gallery: Path) -> None:
    ran = run("gallery", "list", "--gallery", gallery)
    assert (ran.out, ran.err) == (
        "",
        f"gallery {gallery} is empty; facenet-res gallery enroll adds people\n",
    )


def test_everybody_is_exported_and_imported_elsewhere(
    run: Run, model: Path, photos: Path, gallery: Path, tmp_path: Path
) -> None:
    run("gallery", "enroll", "ada", photos / "a.jpg", "--gallery", gallery, "--model", model)
    other, file = tmp_path / "other", tmp_path / "people.jsonl"
    run("gallery", "create", "--gallery", other, "--model", model)

    written = run("gallery", "export", file, "--gallery", gallery)
    read = run("gallery", "import", file, "--gallery", other, "--json")

    assert written.out == "exported 1 people, 1 face\n"
    assert read.json == {"persons": 1, "faces": 1}
    with EmbeddingGallery.open(other) as imported:
        assert [person.person_id for person in imported.people()] == ["ada"]
    file.write_text(file.read_text()[:-30])
    refused = run("gallery", "import", file, "--gallery", other)
    assert (refused.code, "line 3" in refused.err) == (exit_codes.INPUT, True)


def test_the_command_deletes_every_byte(run: Run, model: Path, photos: Path, gallery: Path) -> None:
    run(
        "gallery", "enroll", "idq-ada", photos / "a.jpg", "--name", "nameq", "--metadata",
        "deskq=7", "--gallery", gallery, "--model", model,
    )  # fmt: skip
    run("gallery", "enroll", "bob", photos / "a.jpg", "--gallery", gallery, "--model", model)
    words = (b"idq-ada", b"nameq", b"deskq")
    assert all(word in b"".join(f.read_bytes() for f in gallery.iterdir()) for word in words)

    assert run("gallery", "delete", "idq-ada", "--gallery", gallery).code == exit_codes.OK

    content = b"".join(file.read_bytes() for file in gallery.iterdir())
    assert not [word for word in words if word in content]


def test_people_who_are_enrolled_twice_are_listed(
    run: Run, model: Path, photos: Path, gallery: Path
) -> None:
    here = ("--gallery", gallery, "--model", model)
    for person in ("ada", "bea"):
        run("gallery", "enroll", person, photos / "a.jpg", *here)
    refused = run("gallery", "enroll", "cid", photos / "a.jpg", *here, "--review", "refuse")
    found = run("gallery", "duplicates", *here, "--threshold", "0.9", "--json", "--exit-code")
    (pair,) = found.json["duplicates"]
    assert {pair["person_id"], pair["other_person_id"]} == {"ada", "bea"}
    assert found.code == exit_codes.ANSWER_IS_NO
    assert refused.code == exit_codes.INPUT
    assert re.search("SIMILAR_TO_OTHER_PERSON|FACE_", refused.err)
