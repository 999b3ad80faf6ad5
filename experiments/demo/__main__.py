"""`python -m experiments.demo`: enrol, verify, identify, delete and deduplicate, with each result.

Statuses: 0 it ran to the end, whatever the network recognised; 1 the server did not do what it
acknowledged; others as facenet_res.core.exit_codes.
"""

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from experiments.command import command_parser, run_command
from experiments.demo.people import Cast, folders, portraits
from experiments.demo.table import Table, short
from facenet_res.core import exit_codes
from facenet_res.core.artifact import read_artifact
from facenet_res.core.model_names import DEFAULT, model_folder

ROOT = Path(__file__).resolve().parents[2]
BROKEN = 1
DESCRIPTION = """Starts a server on loopback with a fresh gallery, enrols people, verifies and
identifies images, deletes a person, deduplicates a folder with planted copies,
and prints each result. Without --photos it uses two public-domain portraits and
variations of them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo; the exit status."""
    parser = command_parser("demo", DESCRIPTION)
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="a folder per person, two images or more each"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "out" / "demo",
        metavar="DIR",
        help="where each run makes a folder of its own (default: out/demo)",
    )
    parser.add_argument("--model", default=DEFAULT, metavar="NAME_OR_DIR", help="another model")
    return run_command(parser, _run, argv)


def _run(arguments: Namespace) -> int:
    began_s = time.perf_counter()
    cast = folders(arguments.photos) if arguments.photos else portraits()
    # Read first: a missing model is one sentence here, and not a server that ended.
    model = model_folder(arguments.model).resolve()
    read_artifact(model)
    folder = arguments.out.resolve() / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    folder.mkdir(parents=True)
    print(f"{cast.remark}\n\nstarting the server ...", flush=True)
    table = Table()
    _serve(cast, folder, model, table)
    _deduplicate(cast, folder, model, table)
    print(f"\n{table.conclusion()}")
    print(f"{time.perf_counter() - began_s:.0f} s; all files are in {folder}")
    return BROKEN if table.is_broken else exit_codes.OK


def _serve(cast: Cast, folder: Path, model: Path, table: Table) -> None:
    """The part that a client sees."""
    from experiments.demo.serving import RunningServer
    from experiments.demo.story import tell
    from facenet_res.client.client import connect

    with RunningServer(folder, ("--model", str(model))) as server:
        with connect(server.address) as client:
            about = client.info()
            print(f"server at {server.address}, ready in {server.ready_s:.1f} s")
            print(short(f"model {about.model_id}, {about.embedding_dim} values per face"))
            print(short(about.engine))
            tell(cast, client, table)
        status = server.stop()
        table.fact("stop", "SIGTERM", f"status {status}", is_right=status == exit_codes.OK)


def _deduplicate(cast: Cast, folder: Path, model: Path, table: Table) -> None:
    """The part that needs no server."""
    from experiments.demo.duplicates import plant, search
    from facenet_res import FaceRecognizer

    plants = plant(cast, folder / "photos")
    with FaceRecognizer(model) as recognizer:
        search(folder / "photos", folder / "duplicates", plants, recognizer, table)
    print(f"report: {folder / 'duplicates' / 'report.html'}")


if __name__ == "__main__":
    sys.exit(main())
