"""The wire format: every part of it explained, its stubs fresh, its promises kept."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from facenet_res.core import errors
from facenet_res.core.errors import FacenetError

protoc = pytest.importorskip("grpc_tools.protoc", reason="grpcio-tools compiles the protos")

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
BASELINE = PROTOS / "baseline.binpb"
SOURCES = sorted(PROTOS.glob("facenet_res/v1/*.proto"))

# Where a comment hangs: numbers of the fields that lead to it in FileDescriptorProto.
MESSAGE, ENUM, SERVICE = 4, 5, 6
FIELD, NESTED, ONEOF, VALUE, METHOD = 2, 3, 8, 2, 2

STATUSES = {code.name for code in grpc.StatusCode}
REASONS = {
    kind.reason
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, FacenetError) and kind.reason
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[FileDescriptorProto]:
    path = tmp_path_factory.mktemp("protos") / "all.binpb"
    compile_protos(f"--descriptor_set_out={path}", "--include_source_info")
    return list(FileDescriptorSet.FromString(path.read_bytes()).file)


def test_the_committed_stubs_are_what_the_protos_give(tmp_path: Path) -> None:
    compile_protos(
        f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", f"--grpc_python_out={tmp_path}"
    )
    fresh = {path.name: path.read_text() for path in (tmp_path / "facenet_res/v1").iterdir()}
    committed = {path.name: path.read_text() for path in (ROOT / "facenet_res/v1").glob("*_pb2*")}
    assert len(fresh) == 3 * len(SOURCES)
    assert committed == fresh, "run `make protos`"


def test_everything_on_the_wire_is_explained(files: list[FileDescriptorProto]) -> None:
    silent = [
        f"{file.name}: {name}"
        for file in files
        for path, name in parts_of(file)
        if not comments_of(file).get(path, "").strip()
    ]
    assert silent == []


def test_every_number_states_its_unit_or_range(files: list[FileDescriptorProto]) -> None:
    said = re.compile(
        r"pixel|second|byte|\[|\(0, 1\)|at least|at most|most |least |number|\bto\b|calls? of|"
        r"faces|requests|values|rate|degrees|grey levels|share of",
        re.IGNORECASE,
    )
    numbers = {
        FieldDescriptorProto.TYPE_DOUBLE,
        FieldDescriptorProto.TYPE_FLOAT,
        FieldDescriptorProto.TYPE_UINT32,
        FieldDescriptorProto.TYPE_UINT64,
    }
    vague = [
        f"{message.name}.{field.name}"
        for file in files
        for index, message in enumerate(file.message_type)
        for place, field in enumerate(message.field)
        if field.type in numbers
        and not said.search(comments_of(file).get((MESSAGE, index, FIELD, place), ""))
    ]
    assert vague == []


def test_every_rpc_names_its_statuses_and_reasons(files: list[FileDescriptorProto]) -> None:
    for file in files:
        comments = comments_of(file)
        for index, service in enumerate(file.service):
            for place, method in enumerate(service.method):
                words = set(
                    re.findall(r"\b[A-Z]+_[A-Z_]+[A-Z]\b", comments[SERVICE, index, METHOD, place])
                )
                assert words & STATUSES or file.name.endswith("info_service.proto"), method.name
                assert words <= STATUSES | REASONS, f"{method.name}: {words - STATUSES - REASONS}"


def test_the_zero_of_every_enum_is_unspecified(files: list[FileDescriptorProto]) -> None:
    for file in files:
        enums = list(file.enum_type) + [e for m in file.message_type for e in m.enum_type]
        for enum in enums:
            zero = next(value.name for value in enum.value if value.number == 0)
            assert zero.endswith("_UNSPECIFIED"), enum.name


def test_nothing_that_was_released_has_changed(files: list[FileDescriptorProto]) -> None:
    released = FileDescriptorSet.FromString(BASELINE.read_bytes())
    broken = sorted(promises(released.file) - promises(files))
    assert broken == [], "clients in the field rely on these: add, never change"


def test_a_changed_number_type_or_name_would_be_noticed(
    files: list[FileDescriptorProto],
) -> None:
    for change in (rename_field, renumber_field, retype_field, drop_field, drop_method):
        changed = FileDescriptorSet(file=files)
        change(changed)
        assert promises(files) - promises(changed.file), change.__name__


def rename_field(files: FileDescriptorSet) -> None:
    files.file[0].message_type[0].field[0].name = "renamed"


def renumber_field(files: FileDescriptorSet) -> None:
    files.file[0].message_type[0].field[0].number = 99


def retype_field(files: FileDescriptorSet) -> None:
    files.file[0].message_type[0].field[0].type = FieldDescriptorProto.TYPE_FIXED64


def drop_field(files: FileDescriptorSet) -> None:
    del files.file[0].message_type[0].field[0]


def drop_method(files: FileDescriptorSet) -> None:
    next(file for file in files.file if file.service).service[0].method.pop()


def compile_protos(*flags: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", *flags, *map(str, SOURCES)],
        check=True,
        timeout=60,
    )


def comments_of(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {tuple(place.path): place.leading_comments for place in file.source_code_info.location}


def parts_of(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    """Path and name of each message, field, choice, enum, value, service and method."""
    for index, message in enumerate(file.message_type):
        yield from parts_of_message(message, (MESSAGE, index))
    for index, enum in enumerate(file.enum_type):
        yield (ENUM, index), enum.name
        for place, value in enumerate(enum.value):
            yield (ENUM, index, VALUE, place), value.name
    for index, service in enumerate(file.service):
        yield (SERVICE, index), service.name
        for place, method in enumerate(service.method):
            yield (SERVICE, index, METHOD, place), f"{service.name}.{method.name}"


def parts_of_message(
    message: DescriptorProto, path: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, message.name
    for place, field in enumerate(message.field):
        yield (*path, FIELD, place), f"{message.name}.{field.name}"
    for place, choice in enumerate(message.oneof_decl):
        yield (*path, ONEOF, place), f"{message.name}.{choice.name}"
    for place, nested in enumerate(message.nested_type):
        # A map's entry is made by the compiler.
        if not nested.options.map_entry:
            yield from parts_of_message(nested, (*path, NESTED, place))


def promises(files: Iterable[FileDescriptorProto]) -> set[str]:
    """What a client may rely on, a line each."""
    lines = set()
    for file in files:
        for message in file.message_type:
            for field in message.field:
                lines.add(
                    f"{file.package}.{message.name}.{field.name} = {field.number}: "
                    f"{field.type} {field.type_name} {field.label}"
                )
        for enum in file.enum_type:
            lines |= {f"{file.package}.{enum.name}.{v.name} = {v.number}" for v in enum.value}
        for service in file.service:
            for method in service.method:
                lines.add(
                    f"{file.package}.{service.name}.{method.name}: "
                    f"{method.input_type} {method.client_streaming} -> "
                    f"{method.output_type} {method.server_streaming}"
                )
    return lines
