"""From a request's decision to a threshold."""

import pytest

from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.server.decisions import Decisions, Rule
from facenet_res.v1.face_pb2 import Decision

MANIFEST = Manifest(
    model_id="m",
    embedding_dim=4,
    thresholds=(Threshold(1e-2, 0.2, 0.1, 0.3), Threshold(1e-3, 0.4, 0.3, 0.5)),
)
UNMEASURED = Manifest(model_id="foreign", embedding_dim=4)


@pytest.mark.parametrize(
    ("decision", "rule"),
    [
        (Decision(), Rule(0.4, 1e-3)),
        (Decision(fmr=1e-2), Rule(0.2, 1e-2)),
        (Decision(threshold=0.25), Rule(0.25, 0.0)),
        # Zero is a threshold like any other, and not "not given".
        (Decision(threshold=0.0), Rule(0.0, 0.0)),
        (Decision(threshold=-1.0), Rule(-1.0, 0.0)),
    ],
)
def test_a_decision_becomes_a_rule(decision: Decision, rule: Rule) -> None:
    assert Decisions(MANIFEST, 1e-3).rule_of(decision) == rule


@pytest.mark.parametrize("threshold", [1.001, -1.001, float("nan"), float("inf")])
def test_a_threshold_is_a_cosine(threshold: float) -> None:
    with pytest.raises(ArgumentInvalid, match="cosine"):
        Decisions(MANIFEST, 1e-3).rule_of(Decision(threshold=threshold))


@pytest.mark.parametrize("rate", [0.0, 0.5, 1e-6])
def test_a_rate_that_was_not_measured_is_refused_with_those_that_were(rate: float) -> None:
    with pytest.raises(ArgumentInvalid, match=r"0\.01, 0\.001"):
        Decisions(MANIFEST, 1e-3).rule_of(Decision(fmr=rate))


def test_a_default_that_the_model_lacks_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigInvalid, match=r"1e-05.*0\.01, 0\.001"):
        Decisions(MANIFEST, 1e-5)


def test_a_model_without_thresholds_needs_one_in_each_request() -> None:
    decisions = Decisions(UNMEASURED, 1e-3)
    assert decisions.rule_of(Decision(threshold=0.3)).threshold == 0.3
    with pytest.raises(ArgumentInvalid, match="none"):
        decisions.rule_of(Decision())
