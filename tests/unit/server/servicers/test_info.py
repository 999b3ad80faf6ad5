"""InfoService, in this process: the server as it describes itself."""

from pathlib import Path

from facenet_res.client import AsyncFacenetClient, ServerInfo
from tests.unit.server.in_process import picture, run


def test_the_server_describes_model_limits_and_batches(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> ServerInfo:
        await client.embed(picture(1))
        return await client.info()

    info = run(tmp_path, use, requests_max=7)
    assert (info.model_id, info.embedding_dim, info.licence) == ("fake-1", 64, "for tests")
    assert (info.model_name, info.model_version) == ("fake", "2.0")
    assert [each.fmr for each in info.thresholds] == [1e-2, 1e-4]
    assert (info.limits.requests_max, info.gallery, info.fmr) == (7, "gallery", 1e-3)
    assert (info.batcher.batches, info.batcher.faces) == (1, 1)
    assert info.uptime_s > 0
