"""Where a client connects and how: TLS, credentials, proxy."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Final

import grpc

from facenet_res.core.errors import ArgumentInvalid

RESPONSE_BYTES_MAX: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """TLS as a client uses it; the bytes are PEM.

    Attributes:
        ca: certificates to trust; None for those of gRPC's own list.
        certificate: the client's own, for mutual TLS; None for none.
        key: private key of `certificate`.
        server_name: name to expect in the server's certificate; None for the host of the address.
    """

    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    server_name: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ArgumentInvalid("certificate and key are only useful together; one is missing")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's address, and how to reach it.

    Attributes:
        address: host:port.
        tls: settings of TLS; True for the defaults, False for none. None uses TLS for every
            address but loopback.
        token: sent with each call as `authorization: Bearer TOKEN`; over TLS, or on loopback.
        api_key: sent with each call as `x-api-key`; over TLS, or on loopback.
        proxy: whether the proxy that `http_proxy` or `grpc_proxy` name is used. Not by default:
            images would pass through it, and loopback cannot be reached by it.

    Raises:
        ArgumentInvalid: a token or an API key without TLS, or a value of another kind.
    """

    address: str
    tls: Tls | bool | None = None
    token: str | None = None
    api_key: str | None = None
    proxy: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.address, str) or not re.fullmatch(r"[!-~]+", self.address):
            raise ArgumentInvalid(f"address must be host:port, got {self.address!r}")
        if not isinstance(self.tls, Tls | bool | None):
            raise ArgumentInvalid(f"tls must be a Tls, True or False, got {self.tls!r}")
        is_private = self.is_encrypted or is_loopback(self.address)
        if (self.token or self.api_key) and not is_private:
            raise ArgumentInvalid(
                f"a token or API key is sent over TLS only, and {self.address} is used without; "
                "pass tls=True"
            )

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The credentials, as each call sends them."""
        bearer = (("authorization", f"Bearer {self.token}"),) if self.token else ()
        return (*bearer, *((("x-api-key", self.api_key),) if self.api_key else ()))

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return not is_loopback(self.address) if self.tls is None else bool(self.tls)

    def open(self, api: Any) -> Any:
        """Opens a channel.

        Args:
            api: the module `grpc`, or `grpc.aio` for a channel of asyncio.
        """
        if not self.is_encrypted:
            return api.insecure_channel(self.address, options=self._options())
        tls = self.tls if isinstance(self.tls, Tls) else Tls()
        credentials = grpc.ssl_channel_credentials(tls.ca, tls.key, tls.certificate)
        return api.secure_channel(self.address, credentials, options=self._options())

    def _options(self) -> tuple[tuple[str, int | str], ...]:
        tls = self.tls if isinstance(self.tls, Tls) else Tls()
        named = () if tls.server_name is None else (
            ("grpc.ssl_target_name_override", tls.server_name),
        )  # fmt: skip
        return (
            ("grpc.max_receive_message_length", RESPONSE_BYTES_MAX),
            # The server says what is too large, and by how much.
            ("grpc.max_send_message_length", -1),
            # All repetitions are ours, so that they are logged and bounded in one place.
            ("grpc.enable_retries", 0),
            # A server that restarts is found again within a moment.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 400),
            ("grpc.enable_http_proxy", int(self.proxy)),
            *named,
        )


def endpoint_of(
    address: str | Endpoint, tls: Tls | bool | None, token: str | None, api_key: str | None
) -> Endpoint:
    """The endpoint of an address, or the one that is given already.

    Raises:
        ArgumentInvalid: an endpoint and further settings are given, or a credential without TLS.
    """
    if not isinstance(address, Endpoint):
        return Endpoint(address, tls=tls, token=token, api_key=api_key)
    if (tls, token, api_key) != (None, None, None):
        raise ArgumentInvalid("tls, token and api_key are set in the endpoint that is given")
    return address


def is_loopback(address: str) -> bool:
    """Whether an address host:port is of this machine's loopback interface."""
    host = address.rpartition(":")[0].strip("[]").lower()
    if address.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
