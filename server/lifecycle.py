"""From nothing to ready, and from SIGTERM to a clean end."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from facenet_res.gallery.opening import shown
from facenet_res.server.app import App, open_app
from facenet_res.server.config import ServerConfig
from facenet_res.server.metrics import Metrics
from facenet_res.server.signals import STOP_SIGNALS

# For the answers of the calls that are ended.
ENDING_S = 1.0

# What to do with an empty gallery; in Python, since that is there.
NEXT = """nobody is enrolled yet; try, in Python:
  import facenet_res as fr
  gallery = fr.connect("{address}").open_gallery()
  gallery.enroll("ada", "ada.jpg")
  gallery.identify("party.jpg")"""

log = logging.getLogger(__name__)


async def serve(config: ServerConfig, announce: Callable[[str], None], began_s: float) -> None:
    """Serves until SIGTERM or SIGINT; then ends what was begun and closes everything.

    Args:
        config: the settings.
        announce: gets one line when the server is ready.
        began_s: when the process began, by `time.perf_counter`.

    Raises:
        FacenetError: the server cannot start; see `open_app`.
    """
    stopping = asyncio.Event()
    async with open_app(config) as app:
        # From here on there is something to end in order; until here a signal ends the process.
        with _setting(stopping):
            await app.server.start()
            await app.health.ready()
            announce(_ready_line(config, app, time.perf_counter() - began_s))
            reporting = asyncio.create_task(_report(app.metrics, config.metrics_every_s))
            await stopping.wait()
            reporting.cancel()
            await _stop(config, app)


@contextmanager
def _setting(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _stop(config: ServerConfig, app: App) -> None:
    """Not ready any more, then no new requests, then the end of those under way."""
    log.info("stopping: requests under way get %g s to end", config.grace_s)
    await app.health.stop()
    stopping = asyncio.create_task(app.server.stop(config.grace_s + ENDING_S))
    ended, _ = await asyncio.wait({stopping}, timeout=config.grace_s)
    if not ended:
        # gRPC would only cut the calls off.
        app.requests.end_all()
        app.decoders.end()
    await stopping
    log.info("metrics at the end: %s", app.metrics.summary())


async def _report(metrics: Metrics, every_s: float) -> None:
    while every_s > 0:
        await asyncio.sleep(every_s)
        log.info("metrics: %s", metrics.summary())


def _ready_line(config: ServerConfig, app: App, ready_s: float) -> str:
    counts = app.gallery.counts()
    info = app.gallery.recognizer.info()
    line = (
        f"serving at {app.address}: model {info.title} "
        f"({info.embedding_dim} values), engine {info.engine}, "
        f"gallery {shown(config.gallery)} with {counts.persons} people and {counts.faces} faces, "
        f"ready in {ready_s:.1f} s"
    )
    return line if counts.persons else f"{line}\n{NEXT.format(address=app.address)}"
