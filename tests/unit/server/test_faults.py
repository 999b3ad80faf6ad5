"""What hostile or unlucky clients do, against the whole server: nobody else may notice."""

import asyncio
import logging
from collections import Counter
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

from facenet_res.client import AsyncFacenetClient, RetryPolicy
from facenet_res.core.errors import DeadlineExceeded, ImageTooLarge, ImageUnreadable
from facenet_res.v1 import embedding_service_pb2 as pb
from tests.hostile import png, zeros
from tests.unit.server.in_process import picture, run

EMBED = "/facenet_res.v1.EmbeddingService/Embed"
ONCE = RetryPolicy(attempts_max=1)


async def is_healthy(address: str) -> bool:
    # A connection of its own: channels to one address share one otherwise.
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=5
        )
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def test_streams_without_a_message_refuse_nobody_else_and_are_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(client: AsyncFacenetClient) -> Counter[grpc.StatusCode]:
        options = (("grpc.use_local_subchannel_pool", 1),)
        async with grpc.aio.insecure_channel(client.address, options=options) as channel:
            # Given: one connection that opens 600 streams and sends nothing.
            method = channel.stream_unary(EMBED)
            calls = [method(timeout=20) for _ in range(600)]
            ended = [asyncio.ensure_future(call.code()) for call in calls]
            await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            # Then: health and another connection are served.
            assert await is_healthy(client.address)
            assert len(await client.embed(picture(1))) == 1
            # And: the streams are refused, or ended, and logged.
            return Counter(await asyncio.gather(*ended))

    # Commands that other tests ran have set the level of this logger.
    with caplog.at_level(logging.INFO, logger="facenet_res"):
        codes = run(tmp_path, use, receive_s_max=0.2)
    # How many of each depends on how fast the machine opens them.
    refused = codes[grpc.StatusCode.RESOURCE_EXHAUSTED]
    assert refused > 0, codes
    assert codes[grpc.StatusCode.DEADLINE_EXCEEDED] == 600 - refused > 0, codes
    assert any("QUEUE_FULL" in line for line in caplog.messages)
    assert "Traceback" not in caplog.text


def test_a_slow_sender_is_ended(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        async with grpc.aio.insecure_channel(client.address) as channel:
            call = channel.stream_unary(EMBED)()
            assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert "did not arrive within 0.1 s" in await call.details()
        assert await client.embed(picture(1))

    run(tmp_path, use, receive_s_max=0.1)


def test_calls_beyond_the_limits_end_with_a_reason_and_a_time_to_come_back(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        request = pb.EmbedRequest(image=picture(1)).SerializeToString()
        async with grpc.aio.insecure_channel(client.address) as channel:
            method = channel.unary_unary(EMBED)
            calls = [method(request, timeout=30) for _ in range(1500)]
            codes = Counter(await asyncio.gather(*(call.code() for call in calls)))
            assert codes[grpc.StatusCode.CANCELLED] == 0
            assert codes[grpc.StatusCode.OK] >= 16
            refused = [
                call for call in calls
                if await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            ]  # fmt: skip
            keys = [dict(await call.trailing_metadata()) for call in refused]
            assert all(each["error-reason"] == "QUEUE_FULL" for each in keys)
            assert all("grpc-status-details-bin" in each for each in keys)

    run(tmp_path, use, requests_max=64)


def test_an_error_carries_its_details(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        async with grpc.aio.insecure_channel(client.address) as channel:
            request = pb.EmbedRequest(image=b"text").SerializeToString()
            call = channel.unary_unary(EMBED)(request, metadata=(("x-request-id", "r-7"),))
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call
            status = await rpc_status.aio.from_call(call)
        error_info, request_info, bad = (
            error_details_pb2.ErrorInfo(),
            error_details_pb2.RequestInfo(),
            error_details_pb2.BadRequest(),
        )
        for detail, packed in zip((error_info, request_info, bad), status.details, strict=True):
            assert packed.Unpack(detail)
        assert (error_info.reason, error_info.domain) == ("IMAGE_UNREADABLE", "facenet-res")
        assert request_info.request_id == "r-7"
        assert bad.field_violations[0].field == "image"
        assert ("x-request-id", "r-7") in tuple(caught.value.trailing_metadata())

    run(tmp_path, use)


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (png(7000, 7000, 16, 6, zeros(1000)), ImageTooLarge),
        (png(100, 100, 8, 2, b"not compressed"), ImageUnreadable),
    ],
)
def test_a_bomb_is_one_typed_error(tmp_path: Path, image: bytes, error: type[Exception]) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        with pytest.raises(error):
            await client.embed(image)
        assert len(await client.embed(picture(1))) == 1

    run(tmp_path, use)


def test_what_cannot_be_answered_in_time_is_not_begun(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        # Given: a server that knows how long an image takes.
        for _ in range(3):
            await client.embed(picture(1))
        # Then: a deadline that has nearly passed is not met, and the next caller is served.
        async with AsyncFacenetClient(client.address, deadline_s=0.001, retry=ONCE) as hasty:
            with pytest.raises(DeadlineExceeded):
                await hasty.embed(picture(1))
        assert await client.embed(picture(1))

    run(tmp_path, use)


def test_health_lists_its_services_and_nobody_who_leaves_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        for _ in range(3):
            async with grpc.aio.insecure_channel(client.address) as channel:
                stub = health_pb2_grpc.HealthStub(channel)
                listed = await stub.List(health_pb2.HealthListRequest(), timeout=5)
                assert "facenet_res.v1.GalleryService" in listed.statuses
                await stub.Watch(health_pb2.HealthCheckRequest()).read()
                for _ in range(5):
                    channel.stream_unary(EMBED)()
                    channel.unary_unary(EMBED)(
                        pb.EmbedRequest(image=picture(1)).SerializeToString()
                    )
                await asyncio.sleep(0.01)
        assert await client.embed(picture(1))

    # Commands that other tests ran have set the level of this logger.
    with caplog.at_level(logging.INFO, logger="facenet_res"):
        run(tmp_path, use)
    assert "Traceback" not in caplog.text
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_describes_every_service(tmp_path: Path, version: str) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        name = f"grpc.reflection.{version}.ServerReflection"
        async with grpc.aio.insecure_channel(client.address) as channel:
            ask = channel.stream_stream(
                f"/{name}/ServerReflectionInfo",
                request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
                response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
            )
            call = ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
            listed = {each.name for each in (await call.read()).list_services_response.service}
            assert {"grpc.health.v1.Health", "facenet_res.v1.GalleryService", name} <= listed
            for each in listed:
                request = reflection_pb2.ServerReflectionRequest(file_containing_symbol=each)
                found = await ask(iter([request])).read()
                assert found.file_descriptor_response.file_descriptor_proto, each

    run(tmp_path, use)


def test_a_method_that_is_unknown_is_refused_with_a_reason(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        async with grpc.aio.insecure_channel(client.address) as channel:
            for path in (f"{EMBED}Twice", "/other.Service/Method"):
                with pytest.raises(grpc.aio.AioRpcError, match="no method") as caught:
                    await channel.unary_unary(path)(b"", timeout=10)
                assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
                trailing = dict(caught.value.trailing_metadata() or ())
                assert trailing["error-reason"] == "UNKNOWN_METHOD"

    run(tmp_path, use)
