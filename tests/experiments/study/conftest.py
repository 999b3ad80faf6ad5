"""A study trains as the trainings' own tests do."""

from tests.unit.train.conftest import _the_policy_is_put_back, tiny_run

__all__ = ["_the_policy_is_put_back", "tiny_run"]
