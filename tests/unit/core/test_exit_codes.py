"""Every error has a status, by what the caller can do about it."""

import inspect

import pytest

from facenet_res.core import errors, exit_codes

DELIBERATE = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.FacenetError) and kind.reason
]


@pytest.mark.parametrize("kind", DELIBERATE)
def test_every_deliberate_error_has_a_status(kind: type[errors.FacenetError]) -> None:
    expected = {
        errors.InputError: exit_codes.INPUT,
        errors.StateError: exit_codes.STATE,
        errors.Unavailable: exit_codes.UNAVAILABLE,
    }
    code = exit_codes.exit_code_of(kind("x"))
    assert code == next(code for base, code in expected.items() if issubclass(kind, base))


def test_no_status_means_two_things() -> None:
    codes = [value for name, value in vars(exit_codes).items() if name.isupper()]
    assert len(codes) == len(set(codes)) == 7


def test_the_base_itself_is_never_raised() -> None:
    with pytest.raises(TypeError):
        exit_codes.exit_code_of(errors.FacenetError("x"))
