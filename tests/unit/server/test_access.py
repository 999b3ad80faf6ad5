"""Credentials and TLS against the whole server: who gets in, and to what."""

import asyncio
from pathlib import Path

import grpc
import pytest

from facenet_res.client import AsyncFacenetClient, Endpoint, RetryPolicy, Tls
from facenet_res.core.errors import (
    ArgumentInvalid,
    ConfigInvalid,
    PermissionDenied,
    ServerUnreachable,
    Unauthenticated,
)
from facenet_res.server.config import ServerConfig
from facenet_res.server.security import fresh_file
from facenet_res.server.security.api_keys import create_key, read_keys, revoke_key
from facenet_res.server.security.scopes import SCOPE_OF, check_allowed
from facenet_res.v1 import embedding_service_pb2, gallery_service_pb2, info_service_pb2
from tests.certificates import Authority
from tests.unit.server.in_process import picture, run, served

ONCE = RetryPolicy(attempts_max=1)
SERVICES = [
    service
    for file in (embedding_service_pb2, gallery_service_pb2, info_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
]


def test_every_method_has_its_scope() -> None:
    methods = {f"{each.name}/{method.name}" for each in SERVICES for method in each.methods}
    assert methods == set(SCOPE_OF)


@pytest.mark.parametrize(
    ("scope", "is_allowed"),
    [
        ("*", True),
        ("gallery.read", True),
        ("gallery.read:staff", True),
        ("gallery.read:visitors", False),
        ("gallery.write", False),
    ],
)
def test_a_scope_is_of_a_method_and_maybe_of_a_gallery(scope: str, is_allowed: bool) -> None:
    if is_allowed:
        check_allowed("GalleryService/GetPerson", "staff", {scope})
        return
    with pytest.raises(PermissionDenied, match=r"gallery\.read"):
        check_allowed("GalleryService/GetPerson", "staff", {scope})


def test_nothing_is_served_without_a_valid_key(tmp_path: Path) -> None:
    create_key(tmp_path / "keys.json", "kiosk", ["*"])

    async def use(client: AsyncFacenetClient) -> None:
        # Every method, without and with wrong credentials, and before a message is read.
        async with grpc.aio.insecure_channel(client.address) as channel:
            for each in SERVICES:
                for method in each.methods:
                    call = channel.stream_unary(f"/{each.full_name}/{method.name}")
                    for metadata in ((), (("x-api-key", "fr_a_b"),), (("authorization", "x"),)):
                        code = await call(metadata=metadata, timeout=10).code()
                        assert code is grpc.StatusCode.UNAUTHENTICATED, method.name
        with pytest.raises(Unauthenticated, match="x-api-key"):
            await client.info()

    run(tmp_path, use, api_keys=tmp_path / "keys.json")


def test_a_key_opens_what_its_scopes_name_until_it_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_file, "CHECKED_EVERY_S", 0.0)
    path = tmp_path / "keys.json"
    key = create_key(path, "door", ["faces.detect", "gallery.identify:gallery"])

    async def use(client: AsyncFacenetClient) -> None:
        async with AsyncFacenetClient(client.address, api_key=key, retry=ONCE) as door:
            assert (await door.info()).gallery == "gallery"
            assert await door.detect(picture(1))
            assert await (await door.open_gallery()).identify(picture(1), threshold=0.5)
            with pytest.raises(PermissionDenied, match=r"embeddings\.read"):
                await door.embed(picture(1))
            (key_id,) = read_keys(path)
            revoke_key(path, key_id)
            with pytest.raises(Unauthenticated, match="revoked"):
                await door.info()

    run(tmp_path, use, api_keys=path)


def test_certificates_are_exchanged_while_calls_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh_file, "CHECKED_EVERY_S", 0.0)
    authorities = [Authority(), Authority()]
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"

    def install(authority: Authority) -> None:
        made = authority.signed("server")
        key.write_bytes(made.key)
        certificate.write_bytes(made.certificate)

    def client_of(address: str, authority: Authority) -> AsyncFacenetClient:
        tls = Tls(ca=authority.certificate)
        return AsyncFacenetClient(Endpoint(address, tls=tls), retry=ONCE)

    async def use() -> None:
        install(authorities[0])
        settings = {"tls_certificate": certificate, "tls_key": key}
        async with served(tmp_path, **settings) as plain:
            with pytest.raises(ServerUnreachable):
                await plain.info()
            async with client_of(plain.address, authorities[0]) as first:
                await first.info()
                # When: the certificate is another authority's.
                install(authorities[1])
                async with client_of(plain.address, authorities[1]) as second:
                    await second.info()
                # Then: the connection that was open goes on.
                await first.info()
                # And a key that does not fit leaves the last pair in force.
                key.write_bytes(authorities[1].signed("other").key)
                async with client_of(plain.address, authorities[1]) as third:
                    await third.info()

    asyncio.run(use())


def test_with_mutual_tls_only_certificates_of_the_ca_get_in(tmp_path: Path) -> None:
    authority, stranger = Authority(), Authority()
    server, client = authority.signed("server"), authority.signed("teller-7")
    other = stranger.signed("teller-8")
    paths = {
        "tls_certificate": server.certificate,
        "tls_key": server.key,
        "tls_client_ca": authority.certificate,
    }
    for name, data in paths.items():
        (tmp_path / name).write_bytes(data)

    async def use() -> None:
        async with served(tmp_path, **{name: tmp_path / name for name in paths}) as plain:
            ca = authority.certificate
            right = Tls(ca=ca, certificate=client.certificate, key=client.key)
            async with AsyncFacenetClient(plain.address, tls=right, retry=ONCE) as teller:
                assert await teller.embed(picture(1))
            for tls in (Tls(ca=ca), Tls(ca=ca, certificate=other.certificate, key=other.key)):
                async with AsyncFacenetClient(plain.address, tls=tls, retry=ONCE) as nobody:
                    with pytest.raises(ServerUnreachable):
                        await nobody.info()

    asyncio.run(use())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "TLS .* and credentials"),
        ({"api_keys": Path("k")}, "takes TLS"),
        ({"tls_certificate": Path("c"), "tls_key": Path("k")}, "takes credentials"),
        ({"tls_certificate": Path("c")}, "only useful together"),
        ({"jwks": Path("j")}, "only useful together"),
        ({"tls_client_ca": Path("c")}, "tls_client_ca needs"),
    ],
)
def test_others_than_loopback_are_not_served_without_tls_and_credentials(
    settings: dict[str, Path], words: str
) -> None:
    config = ServerConfig(address="0.0.0.0:0", **settings)  # type: ignore[arg-type]
    with pytest.raises(ConfigInvalid, match=words):
        config.check_together()


def test_loopback_or_insecure_or_both_means_are_served() -> None:
    tls = {"tls_certificate": Path("c"), "tls_key": Path("k")}
    for address, settings in (
        ("127.0.0.1:0", {}),
        ("[::1]:0", {}),
        ("0.0.0.0:0", {"insecure": True}),
        ("*:0", {**tls, "api_keys": Path("k")}),
        ("*:0", {**tls, "jwks": Path("k"), "jwt_audience": "faces"}),
        ("*:0", {**tls, "tls_client_ca": Path("k")}),
    ):
        ServerConfig(address=address, **settings).check_together()  # type: ignore[arg-type]


def test_a_credential_is_not_sent_unencrypted_to_other_machines() -> None:
    for credential in ({"token": "t"}, {"api_key": "k"}):
        with pytest.raises(ArgumentInvalid, match="over TLS only"):
            AsyncFacenetClient("203.0.113.7:443", tls=False, **credential)  # type: ignore[arg-type]
