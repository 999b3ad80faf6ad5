"""Ports: taken, forbidden, free."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import grpc
import pytest

from facenet_res.core.errors import ConfigInvalid, PortInUse
from facenet_res.server.address import probe
from facenet_res.server.listening import bind
from tests import socket_guard


def test_a_taken_port_is_refused_by_name() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(PortInUse, match=address):
            probe(address)


def test_a_second_server_does_not_share_the_port_of_the_first() -> None:
    async def listen_twice() -> None:
        alone = (("grpc.so_reuseport", 0),)
        first, second = grpc.aio.server(options=alone), grpc.aio.server(options=alone)
        try:
            address = bind(first, "127.0.0.1:0")
            with pytest.raises(PortInUse, match=address):
                bind(second, address)
        finally:
            await first.stop(None)
            await second.stop(None)

    asyncio.run(listen_twice())


@pytest.mark.parametrize(
    "address",
    ["203.0.113.7:5000", "no-such-host.invalid:5000", "..:5000", f"{'a' * 64}:5000", "a\0b:5000"],
)
def test_a_foreign_or_unknown_host_is_refused(address: str) -> None:
    with pytest.raises(ConfigInvalid, match="cannot listen"):
        probe(address)
    # Looked up on purpose; the guard refused it before it left the machine.
    Path(os.environ[socket_guard.LOG_VARIABLE]).unlink(missing_ok=True)


def test_a_probe_leaves_the_port_free() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    probe(address)
    probe(address)


def test_port_0_picks_one_and_says_which() -> None:
    async def pick() -> str:
        server = grpc.aio.server()
        try:
            return bind(server, "127.0.0.1:0")
        finally:
            await server.stop(None)

    host, port = asyncio.run(pick()).split(":")
    assert host == "127.0.0.1"
    assert int(port) > 0


@pytest.mark.parametrize(
    ("address", "shown"),
    [("*:0", "[::]:"), ("::1:0", "[::1]:"), ("[::1]:0", "[::1]:"), ("localhost:0", "localhost:")],
)
def test_every_way_to_write_an_address_is_understood(address: str, shown: str) -> None:
    async def listen() -> str:
        server = grpc.aio.server()
        try:
            return bind(server, address)
        finally:
            await server.stop(None)

    assert asyncio.run(listen()).startswith(shown)


def test_a_cause_is_never_guessed() -> None:
    class Refusing:
        def add_insecure_port(self, address: str) -> int:
            raise RuntimeError("Failed to bind: the moon is full")

    server: Any = Refusing()
    with pytest.raises(ConfigInvalid, match="the moon is full"):
        bind(server, "127.0.0.1:0")
