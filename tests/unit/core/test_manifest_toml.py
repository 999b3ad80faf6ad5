"""Any manifest survives the trip through TOML; whatever is wrong with one is named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facenet_res.core.errors import ArtifactInvalid
from facenet_res.core.manifest import Manifest, ModelFile, Threshold
from facenet_res.core.manifest_toml import parse_manifest, render_manifest

FILE = ModelFile("safetensors", "model.safetensors", "a1" * 32, 1234)
GOOD = Manifest(
    model_id="net-1",
    embedding_dim=64,
    network={"family": "iresnet", "depth": 18, "width": 0.5, "is_fast": True},
    files=(FILE,),
    thresholds=(Threshold(1e-3, 0.3, 0.28, 0.33),),
)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=50)
SIMILARITY = st.floats(-1, 1)

manifests = st.builds(
    Manifest,
    model_id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    embedding_dim=st.integers(1, 8192),
    colour_order=st.sampled_from(["RGB", "BGR"]),
    layout=st.sampled_from(["NHWC", "NCHW"]),
    mean=st.floats(-1e6, 1e6),
    scale=st.floats(1e-6, 1e6),
    is_normalised=st.booleans(),
    is_mirrored=st.booleans(),
    files=st.just((FILE,)),
    thresholds=st.lists(
        st.builds(Threshold, st.floats(0, 1), SIMILARITY, SIMILARITY, SIMILARITY), max_size=3
    ).map(tuple),
    loss=TEXT,
    training=TEXT,
    licence=TEXT,
)


@given(manifests)
def test_what_is_rendered_is_parsed(manifest: Manifest) -> None:
    assert parse_manifest(render_manifest(manifest), "here") == manifest


def test_a_text_that_spells_infinity_is_a_text() -> None:
    manifest = replace(GOOD, licence="INFINITY", model_id="nan")
    assert parse_manifest(render_manifest(manifest), "here") == manifest


def test_the_network_table_survives() -> None:
    assert parse_manifest(render_manifest(GOOD), "here").network == GOOD.network


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("format_version = 1", "format_version = 2", "format_version is 2, supported is 1"),
        ("format_version = 1", "", "format_version is None"),
        ('model_id = "net-1"', "", "model_id is missing"),
        ('model_id = "net-1"', 'model_id = "../up"', "model_id: Expected str matching regex"),
        ('model_id = "net-1"', "model_id = 7", "model_id: Expected str, got int, got 7"),
        ("embedding_dim = 64", "embedding_dim = 0", "embedding_dim: Expected int >= 1, got 0"),
        ("embedding_dim = 64", "embedding_dim = true", "got True"),
        (
            "embedding_dim = 64",
            'embedding_dim = "64"',
            "embedding_dim: Expected int, got str, got '64'",
        ),
        ("scale = 127.5", "scale = 0.0", "scale: Expected float >= 1e-06, got 0.0"),
        ("scale = 127.5", "scale = nan", "got nan"),
        ("scale = 127.5\n", "", "scale is missing"),
        ('"model.safetensors"', '"a\\n"', "name: Expected str matching"),
        ("mean = 127.5", "mean = true", "got True"),
        ('colour_order = "RGB"', 'colour_order = "GRB"', "one of .*RGB.*BGR"),
        ("is_normalised = false", "is_normalised = 0", "is_normalised: Expected bool, got int"),
        ("is_mirrored = false", 'is_mirrored = "no"', "is_mirrored: Expected bool, got str"),
        ('loss = ""', 'loss = ""\nlosses = ""', "sets unknown 'losses'"),
        (
            'name = "model.safetensors"',
            'name = "../../etc/passwd"',
            r"files\[0\]: name: Expected str matching",
        ),
        ('format = "safetensors"', 'format = "pickle"', "format: Expected one of safetensors"),
        ("a1a1", "A1A1", "sha256: Expected str matching"),
        ("similarity_low = 0.28", "similarity_low = 2.0", r"thresholds\[0\]: similarity_low"),
        ("[[files]]", "[[file]]", "sets unknown 'file'"),
        ("[network]", "[[network]]", "network: Expected object, got array"),
        ('loss = ""', "loss = ", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, named: str) -> None:
    document = render_manifest(GOOD).decode()
    assert old in document
    with pytest.raises(ArtifactInvalid, match=named):
        parse_manifest(document.replace(old, new, 1).encode(), "net/manifest.toml")


def test_a_folder_from_before_mirroring_is_read_as_without() -> None:
    document = render_manifest(GOOD).decode()

    older = parse_manifest(document.replace("is_mirrored = false\n", "").encode(), "here")

    assert older == GOOD
    assert not older.is_mirrored


def test_a_name_and_a_version_are_for_people_and_older_folders_lack_them() -> None:
    named = replace(GOOD, name="net", version="1.2")
    document = render_manifest(named).decode()

    older = parse_manifest(
        document.replace('name = "net"\n', "").replace('version = "1.2"\n', "").encode(), "here"
    )

    assert parse_manifest(document.encode(), "here").title == "net 1.2"
    assert older.title == GOOD.model_id


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ArtifactInvalid, match=r"net/manifest\.toml is not TOML"):
        parse_manifest(b"\xff\xfe", "net/manifest.toml")


def test_files_must_be_listed_once_each() -> None:
    with pytest.raises(ArtifactInvalid, match="listed, each once"):
        render_manifest(Manifest(model_id="m", embedding_dim=1))
    with pytest.raises(ArtifactInvalid, match="listed, each once"):
        render_manifest(Manifest(model_id="m", embedding_dim=1, files=(FILE, FILE)))


def test_a_list_of_files_that_is_none_is_refused() -> None:
    document = render_manifest(GOOD).decode().split("[network]")[0] + "files = [1]\n"
    with pytest.raises(ArtifactInvalid, match="files must be an array of tables"):
        parse_manifest(document.encode(), "here")


def test_a_text_of_a_novels_length_is_refused() -> None:
    with pytest.raises(ArtifactInvalid, match="training: Expected str of length <= 10000"):
        render_manifest(
            Manifest(model_id="m", embedding_dim=1, files=(FILE,), training="a" * 10_001)
        )


def test_a_value_that_toml_cannot_hold_is_named() -> None:
    with pytest.raises(ArtifactInvalid, match=r"cannot be written: .*NoneType"):
        render_manifest(
            Manifest(model_id="m", embedding_dim=1, files=(FILE,), network={"stages": None})
        )
