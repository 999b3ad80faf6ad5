"""`python -m experiments.demo`: the main job from start to end, with a table of every answer.

Statuses: 0 everything as expected, 1 an answer was not, others as facenet_res.core.exit_codes.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from experiments.demo.duplicates import plant, search
from experiments.demo.people import Cast, folders, portraits
from experiments.demo.serving import ROOT, RunningServer
from experiments.demo.story import tell
from experiments.demo.table import Row, rendered
from facenet_res.client.client import FacenetClient
from facenet_res.core import exit_codes
from facenet_res.core.artifact import default_artifact_dir, read_artifact
from facenet_res.core.errors import FacenetError
from facenet_res.core.process_environment import prepare_environment
from facenet_res.dedup.config import DedupConfig
from facenet_res.recognizer.recognizer import FaceRecognizer

NOT_AS_EXPECTED = 1
FMR_DEFAULT = 1e-3
DESCRIPTION = """Starts the server on loopback with a fresh gallery, enrols people, verifies and
identifies photographs, deletes a person, finds planted duplicates in a folder, and prints every
answer. Without --photos it takes two public-domain portraits and variations of them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demonstration; the exit status."""
    prepare_environment()
    arguments = _parsed(argv)
    try:
        return _run(arguments)
    except FacenetError as error:
        print(f"demo: {error}", file=sys.stderr)
        return exit_codes.exit_code_of(error)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return exit_codes.INTERRUPTED


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m experiments.demo", description=DESCRIPTION)
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="a folder for each person, two photographs each"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "out" / "demo",
        metavar="DIR",
        help="where each run makes a folder of its own (default: out/demo)",
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="another model folder")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> int:
    cast = folders(arguments.photos) if arguments.photos else portraits()
    # Read first: a missing model should be said in one sentence, not by a server that died.
    read_artifact(arguments.model or default_artifact_dir())
    folder = arguments.out.resolve() / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    folder.mkdir(parents=True)
    print(cast.remark)
    rows = _served(cast, folder, arguments.model)
    report_rows, page = _deduplicated(cast, folder, arguments.model)
    print(f"\n{rendered(report_rows)}\n\nreport of the duplicates: {page}")
    print(f"gallery and log of the server: {folder}")
    return _concluded([*rows, *report_rows])


def _served(cast: Cast, folder: Path, model: Path | None) -> list[Row]:
    flags = ("--model", str(model.resolve())) if model else ()
    with RunningServer(folder, flags) as server:
        with FacenetClient(server.address) as client:
            about = client.info()
            print(
                f"server at {server.address}: model {about.model_id}, {about.embedding_dim} "
                f"values a face, {about.engine}\n"
            )
            rows = tell(cast, client)
        status = server.stop()
    ended = f"status {status}"
    print(rendered(rows))
    print(f"\nserver stopped by SIGTERM, {ended}")
    stop = Row("stop", "the server ends cleanly", ended, None, status == exit_codes.OK)
    return [*rows, stop]


def _deduplicated(cast: Cast, folder: Path, model: Path | None) -> tuple[list[Row], Path]:
    photos, out = folder / "photos", folder / "duplicates"
    plants = plant(cast, photos)
    manifest = read_artifact(model or default_artifact_dir()).manifest
    threshold = manifest.threshold_at(FMR_DEFAULT)
    config = DedupConfig(similarity_min=threshold.similarity, fmr=threshold.fmr)
    recognizer = FaceRecognizer(model)
    _, rows = search(photos, out, plants, recognizer, config)
    return rows, out / "report.html"


def _concluded(rows: list[Row]) -> int:
    wrong = [row for row in rows if not row.is_expected]
    if not wrong:
        print(f"\nall {len(rows)} answers as expected")
        return exit_codes.OK
    print(f"\n{len(wrong)} of {len(rows)} answers NOT AS EXPECTED:")
    for row in wrong:
        print(f"  {row.job}: {row.question}: {row.answer}")
    return NOT_AS_EXPECTED


if __name__ == "__main__":
    sys.exit(main())
