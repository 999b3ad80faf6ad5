"""A pool lends each thing to one caller at a time, and makes no more than it must."""

import pytest

from facenet_res.faces.pool import Pool


def test_one_caller_after_another_gets_the_same() -> None:
    pool = Pool(object)
    with pool.lent() as first:
        pass
    with pool.lent() as second:
        assert second is first


def test_two_callers_at_once_get_two() -> None:
    pool = Pool(object)
    with pool.lent() as first, pool.lent() as second:
        assert first is not second


def test_it_comes_back_from_a_caller_who_failed() -> None:
    pool = Pool(object)
    with pytest.raises(ZeroDivisionError), pool.lent() as first:
        1 / 0  # noqa: B018
    with pool.lent() as second:
        assert second is first
