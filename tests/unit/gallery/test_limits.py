"""What is too long, too many or unprintable is refused with its value and the limit."""

import math

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid
from facenet_res.gallery.limits import GalleryLimits, check_model, check_threshold
from facenet_res.gallery.types import Enrollment

FACE = np.zeros(8, np.float32)
LIMITS = GalleryLimits(metadata_entries_max=2)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"person_id": ""}, "person_id has 0 characters, allowed are 1 to 256"),
        ({"person_id": "x" * 257}, "257 characters, allowed are 1 to 256"),
        ({"person_id": "a\nb"}, r"person_id holds a control character: 'a\\nb'"),
        ({"person_id": "a\ud800"}, "holds a control character"),
        ({"face_id": ""}, "face_id has 0 characters"),
        ({"name": "x" * 257}, "name has 257"),
        ({"source": "x" * 1025}, "source has 1025 characters, allowed are 0 to 1024"),
        ({"metadata": {"a": "", "b": "", "c": ""}}, "metadata entries: 3, allowed are 0 to 2"),
        ({"metadata": {"": "x"}}, "a metadata key has 0 characters"),
        ({"metadata": {"key": "x" * 1025}}, "metadata 'key' has 1025"),
        ({"person_id": 7}, "person_id is a text, got int"),
        ({"name": None}, "name is a text, got NoneType"),
        ({"source": b"x"}, "source is a text, got bytes"),
        ({"metadata": {"key": 1}}, "metadata 'key' is a text, got int"),
        ({"metadata": {1: "x"}}, "a metadata key is a text, got int"),
        ({"metadata": {"key": "\ud800"}}, "metadata 'key' holds a control character"),
        ({"metadata": [("a", "b")]}, "metadata is a mapping, got list"),
        ({"metadata": {"key": "\x00"}}, "metadata 'key' holds a control character"),
    ],
)
def test_refuses_an_enrolment_beyond_a_limit(bad: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"person_id": "ada", "embedding": FACE, **bad}
    with pytest.raises(ArgumentInvalid, match=said):
        LIMITS.checked(Enrollment(**given))  # type: ignore[arg-type]


def test_takes_an_enrolment_at_every_limit() -> None:
    LIMITS.checked(
        Enrollment(
            person_id="é" * 256,
            embedding=FACE,
            name="張" * 256,
            metadata={"k" * 64: "line\n\tline", "l": "x" * 1024},
            face_id="f" * 256,
            source="s" * 1024,
        )
    )


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="top_k_max is 0, least is 1"):
        GalleryLimits(top_k_max=0)


@pytest.mark.parametrize("threshold", [math.nan, 1.01, -1.01, math.inf])
def test_a_threshold_is_a_cosine(threshold: float) -> None:
    check_threshold(1.0)
    check_threshold(-1.0)
    with pytest.raises(ArgumentInvalid, match="from -1 to 1; got"):
        check_threshold(threshold)


def test_a_gallery_is_for_a_named_model_of_a_possible_dimension() -> None:
    with pytest.raises(ArgumentInvalid, match="model_id has 0"):
        check_model("", 8)
    with pytest.raises(ArgumentInvalid, match="embedding_dim: 4097, allowed are 1 to 4096"):
        check_model("model-a", 4097)


@pytest.mark.parametrize(
    "text",
    [
        "山田\u3000太郎",
        "Jean\u00a0Valjean",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "क्\u200dष",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_takes_names_and_ids_as_they_are_written_in_all_scripts(text: str) -> None:
    assert LIMITS.check_id("person_id", text) == text


def test_an_id_is_the_same_in_both_forms_of_unicode() -> None:
    assert LIMITS.check_id("person_id", "Ame\u0301lie") == "Am\u00e9lie"


@pytest.mark.parametrize("text", [" ", "\u3000", "\u00a0 ", "\u200d", " \u200c "])
def test_an_id_of_blanks_is_refused(text: str) -> None:
    with pytest.raises(ArgumentInvalid, match="person_id is blank"):
        LIMITS.check_id("person_id", text)


@pytest.mark.parametrize("text", ["a\x7f", "a\u0085b", "a\u2028b", "a\x1b[31m"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(ArgumentInvalid, match="control character"):
        LIMITS.check_id("person_id", text)


def test_an_id_is_measured_as_it_is_kept() -> None:
    limits = GalleryLimits(id_chars_max=4)
    assert limits.check_id("person_id", "e\u0301" * 4) == "\u00e9" * 4
    # This letter is never composed: four of them are kept as eight.
    with pytest.raises(ArgumentInvalid, match="has 8 characters, allowed are 1 to 4"):
        limits.check_id("person_id", "\u0958" * 4)
    with pytest.raises(ArgumentInvalid, match="has 5 characters"):
        limits.check_id("person_id", "e\u0301" * 5)
