"""GalleryService, in this process: enrolment, both questions, lists and deletion."""

import unicodedata
from pathlib import Path

import pytest

from facenet_res.client import AsyncFacenetClient
from facenet_res.core.errors import (
    ArgumentInvalid,
    FaceExists,
    FileMissing,
    UnknownFace,
    UnknownPerson,
)
from tests.unit.server.in_process import picture, run


def test_a_person_is_enrolled_verified_identified_and_deleted(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        gallery = await client.open_gallery("gallery")
        enrolled = await gallery.enroll(
            "ada", [picture(1), picture(1)], display_name="Ada", metadata={"desk": "7"}
        )
        assert enrolled[0].face_id == enrolled[1].face_id

        (known,) = await gallery.identify(picture(1), k=1)
        (unknown,) = await gallery.identify(picture(2), threshold=0.999)
        assert (known.person_id, unknown.person_id) == ("ada", "")
        assert known.face is not None
        assert known.face.box.width_px > 0
        # One person: the model's calibration for the FPIR of 1 % that nobody asked to change.
        assert (known.threshold, known.fpir, known.fmr) == (0.8, 0.01, None)
        assert (unknown.threshold, unknown.fpir, unknown.second_score) == (0.999, None, -1)
        (strict,) = await gallery.identify(picture(1), fpir=1e-4)
        assert strict.threshold == 0.9
        (by_fmr,) = await gallery.identify(picture(1), fmr=1e-2)
        assert (by_fmr.threshold, by_fmr.fmr) == (0.8, 1e-2)

        assert (await gallery.verify("ada", picture(1))).is_match
        person = await gallery.person("ada")
        assert (person.name, dict(person.metadata), person.face_count) == ("Ada", {"desk": "7"}, 1)
        assert [each.person_id async for each in gallery.people()] == ["ada"]
        assert (await client.info()).people == 1

        assert (await gallery.delete_face(enrolled[0].face_id)).faces == 1
        with pytest.raises(UnknownFace):
            await gallery.verify("ada", picture(1))
        assert (await gallery.delete_person("ada")).rows_left == 0
        with pytest.raises(UnknownPerson):
            await gallery.person("ada")
        assert await gallery.identify(picture(1)) != []

    run(tmp_path, use)


NAMES = ["山田\u3000太郎", "علی\u200cرضا", "👨\u200d👩\u200d👧", "\u200eRTL\u200f", "José"]  # noqa: RUF001


@pytest.mark.parametrize("name", NAMES)
def test_people_have_the_names_and_ids_that_they_have(tmp_path: Path, name: str) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        gallery = await client.open_gallery()
        await gallery.enroll(unicodedata.normalize("NFD", name), picture(1), display_name=name)
        person = await gallery.person(unicodedata.normalize("NFC", name))
        assert (person.name, person.face_count) == (name, 1)
        assert person.person_id == unicodedata.normalize("NFC", name)

    run(tmp_path, use)


@pytest.mark.parametrize("person_id", ["", "   ", "\u3000", "a\nb", "a\0b", "a\u2028b"])
def test_ids_that_nobody_can_read_are_refused(tmp_path: Path, person_id: str) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        gallery = await client.open_gallery()
        with pytest.raises(ArgumentInvalid, match="person_id"):
            await gallery.enroll(person_id, picture(1))
        assert [each async for each in gallery.people()] == []

    run(tmp_path, use)


def test_an_enrolment_again_with_a_new_name_is_not_dropped(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        gallery = await client.open_gallery()
        for name, metadata in (("Ada", {}), ("Ada L.", {"desk": "7"})):
            await gallery.enroll(
                "ada", picture(1), display_name=name, metadata=metadata, face_id="upload-1"
            )
        person = await gallery.person("ada")
        assert (person.name, dict(person.metadata), person.face_count) == (
            "Ada L.",
            {"desk": "7"},
            1,
        )

    run(tmp_path, use)


def test_what_the_gallery_refuses_reaches_the_caller_as_its_class(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        gallery = await client.open_gallery()
        await gallery.enroll("ada", picture(1), face_id="upload-1")
        with pytest.raises(FaceExists):
            await gallery.enroll("bob", picture(2), face_id="upload-1")
        with pytest.raises(ArgumentInvalid, match="person_id"):
            await gallery.enroll("", picture(1))
        with pytest.raises(ArgumentInvalid, match="k is 101, limit is 100"):
            await gallery.identify(picture(1), k=101)
        with pytest.raises(ArgumentInvalid, match="one of fmr, fpir and threshold"):
            await gallery.identify(picture(1), fmr=1e-3, fpir=0.01)
        with pytest.raises(ArgumentInvalid, match="outside the range"):
            await gallery.verify("ada", picture(1), fmr=1e-9)
        with pytest.raises(UnknownPerson):
            await gallery.delete_person("nobody")
        with pytest.raises(FileMissing, match="serves 'gallery'"):
            await client.open_gallery("another")

    run(tmp_path, use)
