"""What a shipped model declares about itself."""

import math
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from facenet_res.core.errors import ArgumentInvalid
from facenet_res.core.operating_point import OperatingPoint

FileFormat = Literal[
    "safetensors",
    "openvino",
    "openvino_weights",
    "openvino_int8",
    "openvino_int8_weights",
    "onnx",
    "saved_model",
    "tflite",
]
FMR_DEFAULT: Final = 1e-3
"""False match rate that decides where nobody names one."""

ColourOrder = Literal["RGB", "BGR"]
Layout = Literal["NHWC", "NCHW"]
Cosine = Annotated[float, Meta(ge=-1, le=1)]
Text = Annotated[str, Meta(max_length=10_000)]
Measure = Annotated[float, Meta(ge=0, le=1e6)]

_PART: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of an artifact.

    Attributes:
        format: "safetensors" (weights by layer name), "openvino" (the .xml), "openvino_weights"
            (its .bin), "openvino_int8", "openvino_int8_weights" (the same, quantised), "onnx",
            "saved_model" (TensorFlow's; every file of it) or "tflite".
        name: file name inside the folder; those of a saved_model lie in a folder of their own, with
            slashes between.
        sha256: 64 hexadecimal digits.
        bytes: size of the file.
    """

    format: FileFormat
    # No part begins with a dot: a foreign manifest cannot point outside its own folder.
    name: Annotated[str, Meta(pattern=rf"\A{_PART}(/{_PART}){{0,3}}\Z")]
    sha256: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    bytes: Annotated[int, Meta(ge=1, le=1 << 40)]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least similarity that counts as the same person, at one false match rate.

    Attributes:
        fmr: share of impostor comparisons at or above the threshold.
        similarity: cosine in [-1, 1].
        similarity_low: lower end of its confidence interval.
        similarity_high: upper end of its confidence interval.
    """

    fmr: Annotated[float, Meta(ge=0, le=1)]
    similarity: Cosine
    similarity_low: Cosine
    similarity_high: Cosine


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of capture that was calibrated apart, such as grey images.

    Attributes:
        name: short, for tables.
        definition: what the faces have in common.
        crops: faces measured.
        impostor_pairs: pairs measured.
        thresholds: by falling FMR.
    """

    name: Text
    definition: Text
    crops: Annotated[int, Meta(ge=0)]
    impostor_pairs: Annotated[int, Meta(ge=0)]
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRange:
    """Which faces the pooled thresholds hold for, and which are refused; 0 states nothing.

    Attributes:
        eye_distance_px: between the eyes, from which on the thresholds keep their FMR.
        sharpness: likewise; see `FaceQuality`.
        eye_distance_px_min: a face below it is not compared.
        sharpness_min: likewise.
        is_colour: whether they were measured on colour images.
    """

    eye_distance_px: Measure = 0.0
    sharpness: Measure = 0.0
    eye_distance_px_min: Measure = 0.0
    sharpness_min: Measure = 0.0
    is_colour: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a model is and how it is to be fed.

    A file of the artifact takes (value - mean) / scale, with value in [0, 255]; a network that
    normalises its input itself has mean 0 and scale 1.

    Attributes:
        model_id: names the exact weights; embeddings of different ids are never compared.
        name: short name for people; empty in older folders.
        version: of the model under this name, for people; may be empty.
        embedding_dim: length of an embedding.
        input_side_px: height and width of the aligned face.
        colour_order: of the network's input; faces in memory are always RGB.
        mean: subtracted from each value.
        scale: what the difference is divided by.
        layout: axes of the input of the "onnx" and "openvino" files.
        is_normalised: whether the network's output is of unit length already.
        is_mirrored: whether a face's embedding is that of the face plus its mirror image: steadier,
            at twice the network's time. Absent in older folders, which are not.
        network: the ModelConfig's values; empty where the network is not one of ours.
        files: what the folder holds.
        thresholds: measured on impostor pairs of all conditions pooled, by falling FMR.
        conditions: the same of each condition that was calibrated apart.
        capture: the faces that the thresholds hold for.
        loss: what the network was trained with, for people.
        training: the run that made it, for people.
        licence: terms of the weights, for people.
    """

    model_id: Annotated[str, Meta(pattern=rf"\A{_PART}\Z")]
    name: Text = ""
    version: Text = ""
    embedding_dim: Annotated[int, Meta(ge=1, le=8192)]
    input_side_px: Annotated[int, Meta(ge=1, le=1024)] = 112
    colour_order: ColourOrder = "RGB"
    mean: Annotated[float, Meta(ge=-1e6, le=1e6)] = 127.5
    scale: Annotated[float, Meta(ge=1e-6, le=1e6)] = 127.5
    layout: Layout = "NHWC"
    is_normalised: bool = False
    is_mirrored: bool = False
    network: dict[str, Any] = field(default_factory=dict)
    files: tuple[ModelFile, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    conditions: tuple[Condition, ...] = ()
    capture: CaptureRange = CaptureRange()
    loss: Text = ""
    training: Text = ""
    licence: Text = ""

    @property
    def title(self) -> str:
        """Name and version for people; the model id where there is no name."""
        return f"{self.name} {self.version}".strip() if self.name else self.model_id

    def file_of(self, file_format: FileFormat) -> ModelFile | None:
        """The first file of a format, or None where the artifact has none."""
        return next((file for file in self.files if file.format == file_format), None)

    @property
    def worst_thresholds(self) -> tuple[Threshold, ...]:
        """For each pooled rate the strictest threshold of all conditions, by falling FMR."""
        worst: list[Threshold] = []
        for pooled in sorted(self.thresholds, key=lambda each: -each.fmr):
            found = [each for one in self.conditions for each in one.thresholds]
            same = [each for each in found if each.fmr == pooled.fmr]
            # A lower rate never has a lower threshold, though a condition lacks pairs for it.
            above = [replace(each, fmr=pooled.fmr) for each in worst[-1:]]
            worst.append(max((pooled, *same, *above), key=lambda each: each.similarity))
        return tuple(worst)

    def threshold_at(self, fmr: float, *, worst_case: bool = False) -> Threshold:
        """The threshold for a false match rate, interpolated between calibrated ones.

        Between two calibrated rates the similarity, and both ends of its interval, are linear in
        log10(FMR), the form that the upper tail of impostor scores has to first order.

        Args:
            fmr: within the calibrated range.
            worst_case: that of the worst calibrated condition rather than the pooled one.

        Raises:
            ArgumentInvalid: the model is not calibrated, or not for so low or high a rate.
        """
        chosen = self.worst_thresholds if worst_case else self.thresholds
        points = sorted(chosen, key=lambda each: each.fmr)
        if not points:
            raise ArgumentInvalid(
                f"model {self.title} is not calibrated: it has no threshold for an FMR of "
                f"{fmr:g}. Pass a threshold (--threshold), or calibrate it: "
                "facenet-res calibrate --images PEOPLE --model DIR"
            )
        if not points[0].fmr <= fmr <= points[-1].fmr:
            raise ArgumentInvalid(
                f"FMR {fmr:g} is outside the range that model {self.title} is calibrated for, "
                f"{points[0].fmr:g} to {points[-1].fmr:g}"
            )
        right = max(1, bisect_left([each.fmr for each in points], fmr)) if len(points) > 1 else 0
        low, high = points[max(right - 1, 0)], points[right]
        if fmr in {low.fmr, high.fmr}:
            return low if fmr == low.fmr else high
        share = math.log(fmr / low.fmr) / math.log(high.fmr / low.fmr)

        def between(first: float, second: float) -> float:
            return first + share * (second - first)

        return Threshold(
            fmr,
            between(low.similarity, high.similarity),
            between(low.similarity_low, high.similarity_low),
            between(low.similarity_high, high.similarity_high),
        )

    def operating_point(
        self,
        *,
        fmr: float | None = None,
        threshold: float | None = None,
        fmr_default: float = FMR_DEFAULT,
        worst_case: bool = False,
    ) -> OperatingPoint:
        """The decision rule: turns a false match rate, or a threshold, into an operating point.

        Args:
            fmr: false match rate of one comparison, within the calibrated range.
            threshold: or the least score that counts as a match, in [-1, 1].
            fmr_default: the rate where neither is given.
            worst_case: see `threshold_at`.

        Raises:
            ArgumentInvalid: both are given, one is out of range, or the model is not calibrated.
        """
        for name, value in (("fmr", fmr), ("threshold", threshold)):
            if value is not None and not isinstance(value, Real):
                raise ArgumentInvalid(f"{name} must be a number, got {value!r}")
        if threshold is not None:
            if fmr is not None:
                raise ArgumentInvalid(f"pass fmr or threshold, not both; got {fmr}, {threshold}")
            # Written so that NaN fails too.
            if not -1 <= threshold <= 1:
                raise ArgumentInvalid(f"threshold must be a cosine in [-1, 1], got {threshold:g}")
            return OperatingPoint(float(threshold))
        found = self.threshold_at(fmr_default if fmr is None else fmr, worst_case=worst_case)
        return OperatingPoint(
            found.similarity,
            fmr=found.fmr,
            threshold_low=found.similarity_low,
            threshold_high=found.similarity_high,
        )
