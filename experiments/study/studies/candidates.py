"""Which network: depth, width, stem and head, after the same number of crops."""

from dataclasses import replace

from experiments.study.small import DIM, STEPS, small_config
from experiments.study.trial import Study, Trial
from facenet_res.models.config import ModelConfig

QUESTION = f"""Which network learns most from the same number of crops, and what does it cost to
run and to train? Each starts anew and sees {STEPS} batches of 64 crops, a seventh of an epoch:
enough to rank networks by how fast they learn, not by what they would learn in the end."""

BASE = ModelConfig(depth=18, width=0.25, stem="half", head="flatten", embedding_dim=DIM)
NETWORKS = (
    ("r18-w025", "IResNet-18, width 0.25, half stem, flatten head", BASE),
    ("r18-w025-full", "the same, full stem", replace(BASE, stem="full")),
    ("r18-w025-gdc", "the same, GDC head", replace(BASE, head="gdc")),
    ("r34-w025", "IResNet-34, width 0.25", replace(BASE, depth=34)),
    ("r18-w0375", "IResNet-18, width 0.375", replace(BASE, width=0.375)),
    ("r18-w05", "IResNet-18, width 0.5", replace(BASE, width=0.5)),
)


def study(smoke: bool) -> Study:
    """Six networks, all else alike."""
    trials = (
        Trial(name, "Networks", what, replace(small_config(name, smoke), model=model))
        for name, what, model in NETWORKS
    )
    return Study("Candidates for the default network", QUESTION, tuple(trials))
