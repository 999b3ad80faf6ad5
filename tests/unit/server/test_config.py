"""Settings: where they come from, who wins, what is refused."""

from pathlib import Path

import pytest

from facenet_res.core.errors import ConfigInvalid, FileMissing
from facenet_res.faces.mosaic import CELL_PX
from facenet_res.faces.names import FACE_PX_RANGE
from facenet_res.imaging.decode import ImageLimits
from facenet_res.recognizer.config import RecognizerConfig
from facenet_res.server.address import split_address
from facenet_res.server.config import ServerConfig
from facenet_res.server.settings import read_config

GALLERY = ("--gallery", "people")


def test_defaults_stand_where_nobody_speaks() -> None:
    config = read_config(GALLERY, {})
    assert config == ServerConfig(gallery="people")
    limits = ImageLimits(bytes_max=16 << 20)
    assert config.recognizer() == RecognizerConfig(limits=limits)
    assert config.worker_count >= 1


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(
        'grace_s = 1\nworkers = 3\nlog_format = "json"\ngallery = "people"\ncreate = true'
    )
    environment = {"FACENET_RES_SERVER_WORKERS": "4", "FACENET_RES_SERVER_GRACE_S": "2"}
    config = read_config(["--config", str(file), "--grace-s", "5"], environment)
    assert (config.grace_s, config.workers, config.log_format) == (5.0, 4, "json")
    assert (config.gallery, config.create) == ("people", True)


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("batch_max = 8")
    config = read_config(GALLERY, {"FACENET_RES_SERVER_CONFIG": str(file), "PATH": "/bin"})
    assert config.batch_max == 8


@pytest.mark.parametrize(
    ("flags", "environment", "words"),
    [
        (("--address", "0.0.0.0:1"), {}, "--insecure"),
        (
            (*GALLERY, "--engine", "abacus"),
            {},
            "engine: .*openvino.*got 'abacus'",
        ),
        ((*GALLERY, "--workers", "many"), {}, "workers: Expected int.*got 'many'"),
        ((*GALLERY, "--workers", "-1"), {}, "workers: Expected int >= 0, got '-1'"),
        ((*GALLERY, "--grace-s", "nan"), {}, "grace_s"),
        ((*GALLERY, "--fmr", "1"), {}, "fmr"),
        ((*GALLERY, "--address", "localhost"), {}, "host:port"),
        ((*GALLERY, "--address", "localhost:\u0665\u0660"), {}, "host:port"),
        (("--gallery", "a\0b"), {}, "gallery is a folder or a URL"),
        ((*GALLERY, "--address", "localhost:99999"), {}, "65535"),
        (GALLERY, {"FACENET_RES_SERVER_GRACE": "1"}, "'grace'"),
        (
            GALLERY,
            {"FACENET_RES_SERVER_CREATE": "perhaps"},
            "create: Expected bool",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    flags: tuple[str, ...], environment: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigInvalid, match=words):
        read_config(flags, environment)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", "'colour'"),
        ("workers = 2.5", "Expected int"),
        ("workers = true", "Expected int"),
        ("workers =", "not TOML"),
        ("[workers]\nx = 1", "Expected int"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text)
    with pytest.raises(ConfigInvalid, match=words):
        read_config([*GALLERY, "--config", str(file)], {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"none\.toml"):
        read_config([*GALLERY, "--config", str(tmp_path / "none.toml")], {})


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read_config(["--help"], {})
    assert end.value.code == 0
    shown = capsys.readouterr().out
    for name in ServerConfig.__dataclass_fields__:
        assert "--" + name.replace("_", "-") in shown


def test_an_abbreviated_flag_is_refused() -> None:
    with pytest.raises(SystemExit):
        read_config(["--gal", "people"], {})


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:50051", ("127.0.0.1", 50051)), ("[::1]:0", ("::1", 0)), ("box:1", ("box", 1))],
)
def test_an_address_has_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts


def test_the_smallest_face_is_0_or_what_mtcnn_can_look_for() -> None:
    assert FACE_PX_RANGE[0] == CELL_PX
    assert read_config((*GALLERY, "--face-px-min", "40"), {}).face_px_min == 40.0
    with pytest.raises(ConfigInvalid, match=r"face_px_min must be in \[12, 10000\], got 5"):
        read_config((*GALLERY, "--face-px-min", "5"), {})


def test_without_a_gallery_there_is_one_in_the_users_data_folder(tmp_path: Path) -> None:
    config = read_config([], {"XDG_DATA_HOME": str(tmp_path)})
    assert (config.gallery, config.create) == (str(tmp_path / "facenet-res/gallery"), True)


def test_settings_that_belong_together_may_come_from_two_places(tmp_path: Path) -> None:
    flags = [*GALLERY, "--address", "0.0.0.0:1", "--tls-key", "server.key"]
    config = read_config(
        flags,
        {
            "FACENET_RES_SERVER_TLS_CERTIFICATE": "server.pem",
            "FACENET_RES_SERVER_API_KEYS": "keys.json",
        },
    )
    assert config.is_encrypted
