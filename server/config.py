"""Settings of the server: their ranges, and which of them go together."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from facenet_res.client.channel import is_loopback
from facenet_res.core.errors import ConfigInvalid
from facenet_res.core.manifest import FMR_DEFAULT
from facenet_res.core.model_names import DEFAULT
from facenet_res.faces.names import DETECTOR_DEFAULT
from facenet_res.imaging.decode import ImageLimits
from facenet_res.inference.config import Device, Engine, Precision
from facenet_res.recognizer.config import RecognizerConfig
from facenet_res.server.address import split_address
from facenet_res.server.decoding.worker import DecodeLimits
from facenet_res.server.interceptors.receiving import COPIES_READ

NO_PATH = Path()
"""Stands for "not given" in path settings."""


def _whole(least: int, most: int, words: str) -> Any:
    return Meta(ge=least, le=most, description=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything that can be set; `Meta` says what `--help` says of it, and its range.

    Raises:
        ConfigInvalid: a setting is out of range; see also `check_together`.
    """

    gallery: Annotated[
        str,
        Meta(
            description="folder of the gallery, or its postgresql:// URL; by default one in the "
            "user's data folder"
        ),
    ] = ""
    check: Annotated[
        bool, Meta(description="check settings, files and model, say so, and serve nothing")
    ] = False
    create: Annotated[bool, Meta(description="create the gallery where there is none")] = False
    address: Annotated[
        str, Meta(description="host:port to listen at; * for every address, port 0 picks one")
    ] = "127.0.0.1:50051"
    model: Annotated[str, Meta(description="name of a model, or a model folder")] = DEFAULT
    engine: Annotated[Engine, Meta(description="runtime of the network")] = "auto"
    device: Annotated[Device, Meta(description="where it runs; used, or an error")] = "auto"
    precision: Annotated[Precision, Meta(description="of the network")] = "auto"
    compiled_cache: Annotated[
        bool, Meta(description="keep the compiled network in the user's cache folder")
    ] = True
    detector: Annotated[str, Meta(description="face detector: mtcnn or yunet")] = DETECTOR_DEFAULT
    detector_model: Annotated[Path, Meta(description="ONNX file of yunet")] = NO_PATH
    face_px_min: Annotated[
        float,
        Meta(ge=0, description="smallest face of mtcnn, pixels; 0: 20, or 1/64 of the longer side"),
    ] = 0.0
    tls_certificate: Annotated[
        Path, Meta(description="certificate chain in PEM; read again when it changes")
    ] = NO_PATH
    tls_key: Annotated[Path, Meta(description="private key of the certificate, PEM")] = NO_PATH
    tls_client_ca: Annotated[
        Path, Meta(description="CA in PEM; clients must show a certificate of it")
    ] = NO_PATH
    api_keys: Annotated[
        Path, Meta(description="file of API keys, made by `facenet-res keys create`")
    ] = NO_PATH
    jwks: Annotated[Path, Meta(description="JWKS file; clients may send tokens by its keys")] = (
        NO_PATH
    )
    jwt_audience: Annotated[str, Meta(description="audience that tokens must be for")] = ""
    jwt_issuer: Annotated[str, Meta(description="issuer of tokens; empty for any")] = ""
    insecure: Annotated[
        bool, Meta(description="serve others than loopback without TLS or credentials")
    ] = False
    fmr: Annotated[
        float, Meta(gt=0, lt=1, description="FMR that decides where a request names none")
    ] = FMR_DEFAULT
    image_bytes_max: Annotated[int, _whole(1, 512 << 20, "largest image file, bytes")] = 16 << 20
    image_pixels_max: Annotated[int, _whole(1, 1 << 30, "most pixels of an image")] = 50_000_000
    batch_images_max: Annotated[
        int, _whole(1, 1024, "most images of one EmbedBatch, most faces of one EmbedAligned")
    ] = 64
    requests_max: Annotated[int, _whole(1, 65_536, "most requests served at once")] = 256
    deadline_s_max: Annotated[
        float, Meta(ge=0.001, le=3600, description="longest time of a request, seconds")
    ] = 60.0
    receive_s_max: Annotated[
        float, Meta(ge=0.1, le=3600, description="longest time for a message to arrive, seconds")
    ] = 10.0
    memory_bytes_max: Annotated[int, _whole(1 << 20, 1 << 40, "bytes of messages held at once")] = (
        512 << 20
    )
    decode_bytes_max: Annotated[
        int, _whole(64_000_000, 1 << 40, "memory that decoding one image may take, bytes")
    ] = 300_000_000
    decode_cpu_s_max: Annotated[
        float, Meta(ge=0.1, le=3600, description="CPU time that decoding one image may take")
    ] = 2.0
    connection_s_max: Annotated[
        float, Meta(ge=1, le=86_400, description="age of a connection before it is renewed")
    ] = 1800.0
    grace_s: Annotated[
        float, Meta(ge=0, le=3600, description="time for requests to end at a stop, seconds")
    ] = 10.0
    workers: Annotated[int, _whole(0, 1024, "threads that decode and detect; 0: one a core")] = 0
    batch_max: Annotated[int, _whole(1, 1024, "most faces of one engine call")] = 32
    queue_max: Annotated[int, _whole(1, 1_000_000, "faces allowed to wait for the engine")] = 1024
    log_format: Annotated[Literal["text", "json"], Meta(description="form of log lines")] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least severe line to log")
    ] = "info"
    metrics_address: Annotated[
        str, Meta(description="host:port of /metrics for Prometheus; empty for none")
    ] = ""
    metrics_every_s: Annotated[
        float, Meta(ge=0, le=86_400, description="time between log lines of metrics; 0: none")
    ] = 60.0

    def __post_init__(self) -> None:
        split_address(self.address)
        if self.metrics_address:
            split_address(self.metrics_address)
        if "\0" in self.gallery:
            raise ConfigInvalid(f"gallery is a folder or a URL, got {self.gallery!a}")
        self.recognizer()

    def check_together(self) -> None:
        """Checks settings against each other, when all sources were read.

        Raises:
            ConfigInvalid: two of them do not go together.
        """
        self._check_security()
        least = COPIES_READ * self.request_bytes_max
        if self.memory_bytes_max < least:
            raise ConfigInvalid(
                f"memory_bytes_max is {self.memory_bytes_max}, least is {least}, which reading a "
                "request of two images takes (image_bytes_max)"
            )

    def _check_security(self) -> None:
        if (self.tls_certificate == NO_PATH) != (self.tls_key == NO_PATH):
            raise ConfigInvalid("tls_certificate and tls_key are only useful together")
        if self.tls_client_ca != NO_PATH and not self.is_encrypted:
            raise ConfigInvalid("tls_client_ca needs tls_certificate and tls_key")
        if (self.jwks == NO_PATH) != (not self.jwt_audience):
            raise ConfigInvalid("jwks and jwt_audience are only useful together")
        has_credentials = {self.tls_client_ca, self.api_keys, self.jwks} != {NO_PATH}
        if self.insecure or is_loopback(self.address) or (self.is_encrypted and has_credentials):
            return
        lacks = " and ".join(
            ["TLS (--tls-certificate, --tls-key)"] * (not self.is_encrypted)
            + ["credentials (--api-keys, --jwks or --tls-client-ca)"] * (not has_credentials)
        )
        raise ConfigInvalid(
            f"{self.address} can be reached from other machines, which takes {lacks}; or "
            "--insecure where something else protects it"
        )

    @staticmethod
    def given(path: Path) -> Path | None:
        """A path that was set; None for one that was not."""
        return None if path == NO_PATH else path

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is used."""
        return self.tls_certificate != NO_PATH

    def decode_limits(self) -> DecodeLimits:
        """What decoding one image may cost."""
        return DecodeLimits(
            image=self.recognizer().limits,
            memory_bytes=self.decode_bytes_max,
            cpu_s=self.decode_cpu_s_max,
        )

    def recognizer(self) -> RecognizerConfig:
        """The settings of the recognizer among these.

        Raises:
            ConfigInvalid: one of them is out of range.
        """
        return RecognizerConfig(
            model=self.model,
            detector=self.detector,
            detector_model=self.given(self.detector_model),
            face_px_min=self.face_px_min or None,
            engine=self.engine,
            device=self.device,
            precision=self.precision,
            batch_max=self.batch_max,
            is_cached=self.compiled_cache,
            limits=ImageLimits(bytes_max=self.image_bytes_max, pixels_max=self.image_pixels_max),
            fmr=self.fmr,
        )

    @property
    def request_bytes_max(self) -> int:
        """Largest request: two images of the greatest size, as VerifyImages sends, and words."""
        return 2 * self.image_bytes_max + (1 << 20)

    @property
    def worker_count(self) -> int:
        """Threads that decode and detect."""
        return self.workers or os.cpu_count() or 1
