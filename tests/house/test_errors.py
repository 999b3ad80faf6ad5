"""Every deliberate error is named once, explained, and ends in a status and an exit status."""

import inspect
import re

import grpc
import pytest

from facenet_res.core import errors
from facenet_res.core.errors import FacenetError, InputError, StateError, Unavailable
from facenet_res.core.exit_codes import exit_code_of
from facenet_res.server.interceptors.errors import status_of

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, FacenetError)
]
GROUPS = (FacenetError, InputError, StateError, Unavailable)
RAISED = [kind for kind in KINDS if kind not in GROUPS]
TREE_LINE = re.compile(r"^    (?P<rail>[| ]*)\+-- (?P<name>\w+) {2,}(?P<meaning>\S.*)$", re.M)

each_error = pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)


def tree(docstring: str) -> dict[str, str]:
    """The errors drawn in a docstring, each with its parent; a rail is four signs wide."""
    parents, path = {}, ["FacenetError"]
    for line in TREE_LINE.finditer(docstring):
        depth = len(line["rail"]) // 4 + 1
        path = [*path[:depth], line["name"]]
        parents[line["name"]] = path[depth - 1]
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = tree(errors.__doc__ or "")
    built = {kind.__name__: kind.__mro__[1].__name__ for kind in KINDS if kind is not FacenetError}
    assert drawn == built


def test_a_tree_with_a_branch_in_the_wrong_place_is_read_as_such() -> None:
    drawing = "    Base\n    +-- InputError    x\n    |   +-- NoFace    y\n    +-- QueueFull    z\n"
    assert tree(drawing) == {
        "InputError": "FacenetError",
        "NoFace": "InputError",
        "QueueFull": "FacenetError",
    }


@each_error
def test_the_reason_is_the_name_of_the_class(kind: type[FacenetError]) -> None:
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).upper()
    assert kind.reason == spelled


def test_reasons_are_unique() -> None:
    reasons = [kind.reason for kind in RAISED]
    assert len(set(reasons)) == len(reasons)


@each_error
def test_the_error_says_what_it_means(kind: type[FacenetError]) -> None:
    assert inspect.cleandoc(kind.__doc__ or "").endswith("."), "a sentence"
    assert kind.__doc__ != kind.__base__.__doc__


@each_error
def test_the_error_has_a_status_on_the_wire(kind: type[FacenetError]) -> None:
    assert status_of(kind("x")) not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN)


@each_error
def test_the_error_has_an_exit_status(kind: type[FacenetError]) -> None:
    assert exit_code_of(kind("x")) in range(1, 70)


def test_an_error_of_no_group_has_neither() -> None:
    class Stray(FacenetError):
        """Belongs to no group."""

    with pytest.raises(StopIteration):
        status_of(Stray("x"))
    with pytest.raises(TypeError, match="Stray"):
        exit_code_of(Stray("x"))
