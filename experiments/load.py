"""Loads a server as many, hasty, greedy and hostile clients do, and prints what the others notice.

    python -m experiments.load            # `make load`: some minutes
    python -m experiments.load --seconds 2

Client and server share the machine, as the figures say. The rows are those of docs/operations.md.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from facenet_res.client import AsyncFacenetClient, RetryPolicy
from facenet_res.core.errors import FacenetError
from facenet_res.server.security.api_keys import create_key
from facenet_res.v1 import embedding_service_pb2 as pb
from tests.hostile import flat_png
from tests.serving import ServerProcess, portraits

EMBED = "/facenet_res.v1.EmbeddingService/Embed"
EMBED_BATCH = "/facenet_res.v1.EmbeddingService/EmbedBatch"
ONCE = RetryPolicy(attempts_max=1)
DEADLINES_S = (0.5, 2.0, 30.0)
OVERLOADS = (1.7, 5.0)
UNLIMITED = (
    ("grpc.max_send_message_length", -1),
    # A connection of its own.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass
class Load:
    """What clients have heard."""

    ended: Counter[str] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)

    async def ask(self, client: AsyncFacenetClient, image: bytes) -> None:
        """One call, and what became of it."""
        began_s = time.perf_counter()
        try:
            await client.embed(image)
        except FacenetError as error:
            self.ended[error.reason] += 1
        else:
            self.ended["OK"] += 1
            self.latencies_s.append(time.perf_counter() - began_s)

    def p50_ms(self) -> float:
        """Median time of the calls that were answered."""
        return 1e3 * statistics.median(self.latencies_s or [float("nan")])


@dataclass(frozen=True)
class Server:
    """The server under load, and two callers of it."""

    process: ServerProcess
    modest_key: str
    greedy_key: str
    image: bytes

    def client(self, key: str, deadline_s: float = 60.0) -> AsyncFacenetClient:
        """A client that does not repeat calls."""
        return AsyncFacenetClient(
            self.process.address, api_key=key, deadline_s=deadline_s, retry=ONCE
        )

    def memory_mb(self) -> float:
        """Resident memory of the server's process, without those that decode."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def in_turn(
    server: Server, key: str, clients: int, seconds: float, image: bytes | None = None
) -> tuple[float, Load]:
    """So many clients, each of which asks again as soon as it is answered; answers per second."""
    load = Load()
    began_s = time.perf_counter()

    async def one() -> None:
        async with server.client(key) as client:
            while time.perf_counter() - began_s < seconds:
                await load.ask(client, image or server.image)

    await asyncio.gather(*(one() for _ in range(clients)))
    return load.ended["OK"] / (time.perf_counter() - began_s), load


async def overloaded(server: Server, rate: float, deadline_s: float, seconds: float) -> Load:
    """Calls at a rate that does not wait for answers."""
    load, tasks = Load(), set()
    clients = [server.client(server.greedy_key, deadline_s) for _ in range(8)]
    began_s, count = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        tasks.add(asyncio.create_task(load.ask(clients[count % 8], server.image)))
        count += 1
        await asyncio.sleep(max(0.0, began_s + count / rate - time.perf_counter()))
    ended = Load(Counter(load.ended), list(load.latencies_s))
    await asyncio.gather(*tasks)
    for client in clients:
        await client.close()
    return ended


async def health_ms(server: Server) -> float:
    """Time of a health check on a connection of its own."""
    async with _channel(server) as channel:
        began_s = time.perf_counter()
        stub = health_pb2_grpc.HealthStub(channel)
        await stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
        return 1e3 * (time.perf_counter() - began_s)


@asynccontextmanager
async def silent_streams(server: Server, count: int) -> AsyncIterator[None]:
    """One connection that opens streams and sends nothing."""
    async with _channel(server) as channel:
        method = channel.stream_unary(EMBED)
        calls = [method(metadata=(("x-api-key", server.greedy_key),)) for _ in range(count)]
        ended = [asyncio.ensure_future(call.code()) for call in calls]
        await asyncio.sleep(0.5)
        yield
        for call in calls:
            call.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


async def batches(server: Server, count: int, megabytes: int) -> tuple[float, float, Counter[str]]:
    """Large requests at once: memory at its peak, seconds later, and statuses."""
    request = pb.EmbedBatchRequest(images=[bytes(1_000_000)] * megabytes).SerializeToString()
    peak_mb = 0.0
    async with _channel(server) as channel:
        method = channel.unary_unary(EMBED_BATCH)
        key = (("x-api-key", server.greedy_key),)
        calls = [method(request, metadata=key, timeout=120) for _ in range(count)]
        codes = asyncio.gather(*(call.code() for call in calls))
        while not codes.done():
            peak_mb = max(peak_mb, server.memory_mb())
            await asyncio.sleep(0.05)
    await asyncio.sleep(4)
    return peak_mb, server.memory_mb(), Counter(code.name for code in await codes)


async def measure(server: Server, seconds: float) -> None:
    """Prints the table, row by row."""
    _row("what", "result")
    _row("---", "---")
    await in_turn(server, server.modest_key, 2, 1.0)
    rate, load = await in_turn(server, server.modest_key, 1, seconds)
    alone_ms = load.p50_ms()
    _row("one client", f"{rate:.1f}/s, p50 {alone_ms:.0f} ms")
    capacity, load = await in_turn(server, server.modest_key, 64, seconds)
    _row("64 clients", f"{capacity:.1f}/s, p50 {load.p50_ms():.0f} ms, {dict(load.ended)}")
    for times in OVERLOADS:
        for deadline_s in DEADLINES_S:
            load = await overloaded(server, times * capacity, deadline_s, max(seconds, 5.0))
            share = load.ended["OK"] / max(seconds, 5.0) / capacity
            what = f"{times:g} times capacity, deadline {deadline_s:g} s"
            checked_ms = await health_ms(server)
            words = f"goodput {share:.0%} of capacity, health {checked_ms:.0f} ms"
            _row(what, f"{words}, {dict(load.ended)}")
    async with silent_streams(server, 600):
        _, load = await in_turn(server, server.modest_key, 1, seconds)
        checked_ms = await health_ms(server)
    _row("beside 600 silent streams", f"p50 {load.p50_ms():.0f} ms, health {checked_ms:.0f} ms")
    large = flat_png(5000)
    for what, clients, image in (("8 clients with 25 MP PNGs", 8, large), ("200 calls", 200, None)):
        greedy = asyncio.create_task(in_turn(server, server.greedy_key, clients, seconds, image))
        await asyncio.sleep(0.5)
        _, load = await in_turn(server, server.modest_key, 1, seconds - 0.5)
        await greedy
        ratio = load.p50_ms() / alone_ms
        _row(f"beside a caller with {what}", f"p50 {load.p50_ms():.0f} ms, {ratio:.1f} times alone")
    before_mb = server.memory_mb()
    peak_mb, after_mb, codes = await batches(server, 12, 31)
    sizes = f"{before_mb:.0f} MB before, {peak_mb:.0f} at most, {after_mb:.0f} after"
    _row("12 EmbedBatch of 31 MB at once", f"{sizes}, {dict(codes)}")


def _channel(server: Server) -> Any:
    # grpc's stubs want serializers that grpc does not.
    return grpc.aio.insecure_channel(server.process.address, options=UNLIMITED)


def _row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Starts a server and measures it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each row (default: 5)")
    seconds = parser.parse_args(arguments).seconds
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        modest, greedy = (create_key(keys, name, ["*"]) for name in ("modest", "greedy"))
        with ServerProcess(Path(folder), None, "--api-keys", str(keys)) as process:
            server = Server(process, modest, greedy, portraits()[0])
            asyncio.run(measure(server, seconds))
            began_s = time.perf_counter()
            status = process.stop()
            _row("SIGTERM afterwards", f"{time.perf_counter() - began_s:.1f} s, status {status}")


if __name__ == "__main__":
    main()
