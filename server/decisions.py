"""How similar is similar enough: a request's decision, as a threshold of the model."""

from dataclasses import dataclass

from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid
from facenet_res.core.manifest import Manifest
from facenet_res.v1 import face_pb2 as pb


@dataclass(frozen=True, slots=True)
class Rule:
    """The least similarity of the same person, and the rate it was measured for; 0 for none."""

    threshold: float
    fmr: float


class Decisions:
    """Turns what a request says into a rule, by the thresholds of one model."""

    def __init__(self, manifest: Manifest, fmr_default: float) -> None:
        """Checks that the default can be kept.

        Raises:
            ConfigInvalid: the model lists thresholds, but none for the default rate.
        """
        listed = [threshold.fmr for threshold in manifest.thresholds]
        if listed and fmr_default not in listed:
            raise ConfigInvalid(f"fmr is {fmr_default:g}, model {manifest.model_id} lists {listed}")
        self._manifest = manifest
        self._fmr_default = fmr_default

    def rule_of(self, decision: pb.Decision) -> Rule:
        """The rule that a request asks for; the server's default where it asks for none.

        Raises:
            ArgumentInvalid: the threshold is no cosine, or the model lists no such rate.
        """
        kind = decision.WhichOneof("rule")
        if kind == "threshold":
            # Written so that NaN fails too.
            if not -1 <= decision.threshold <= 1:
                raise ArgumentInvalid(
                    f"threshold is {decision.threshold:g}, a cosine lies in [-1, 1]"
                )
            return Rule(decision.threshold, 0.0)
        if kind == "fmr":
            return self._at(decision.fmr)
        return self._at(self._fmr_default)

    def _at(self, fmr: float) -> Rule:
        threshold = self._manifest.threshold_at(fmr)
        return Rule(threshold.similarity, fmr)
