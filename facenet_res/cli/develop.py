"""`facenet-res develop ...`: makes models; data, training, export, quantisation."""

from facenet_res.cli import data, dlib, export, networks, quantise, train
from facenet_res.cli.options import Subparsers, add_group

EXAMPLES = """examples:
  facenet-res develop data inspect crops.zip
  facenet-res develop train first --run runs/first
  facenet-res develop export runs/first --out models/first
  facenet-res evaluate thresholds --model models/first --images people/
  facenet-res verify a.jpg b.jpg --model models/first"""


def add_parsers(subparsers: Subparsers) -> None:
    """Adds the group."""
    steps = add_group(subparsers, "develop", "train, export and quantise models", EXAMPLES)
    for module in (data, train, export, quantise, networks, dlib):
        module.add_parsers(steps)
