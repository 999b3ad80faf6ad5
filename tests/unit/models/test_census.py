"""What is added up without a network is what is counted in the network."""

import pytest

from facenet_res.models.build import build_model
from facenet_res.models.catalogue import networks
from facenet_res.models.census import census
from facenet_res.models.classifier import build_classifier
from facenet_res.models.classifier_config import ClassifierConfig
from facenet_res.models.complexity import complexity
from facenet_res.models.config import ModelConfig

SMALL = [
    ModelConfig(depth=18, width=0.125, stem="half", head="flatten", embedding_dim=64),
    ModelConfig(depth=18, width=0.25, stem="full", head="gdc", embedding_dim=72),
    ModelConfig(depth=34, width=0.125, stem="full", head="gap", dropout=0.5),
    ModelConfig(family="dlib_resnet", depth=29, width=0.25, head="gap", embedding_dim=96),
    *(
        ClassifierConfig(family=family, depth=depth, is_plain=is_plain, classes=7)
        for family, depth, is_plain in (
            ("resnet", 18, True),
            ("resnet", 50, False),
            ("cifar_resnet", 14, False),
            ("cifar_preact", 20, False),
            ("cifar_preact", 20, True),
        )
    ),
    ClassifierConfig(depth=50, width=0.25, is_stride_first=True, classes=7),
    ClassifierConfig(family="cifar_resnet", depth=14, width=0.5, classes=7),
]
ALL = {network.name: network.config for network in networks()}


def counted(config: ModelConfig | ClassifierConfig) -> object:
    model = build_model(config) if isinstance(config, ModelConfig) else build_classifier(config)
    return complexity(model, config)


@pytest.mark.parametrize("config", SMALL, ids=str)
def test_the_sum_is_the_count(config: ModelConfig | ClassifierConfig) -> None:
    assert census(config) == counted(config)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_the_sum_is_the_count_for_every_network(name: str) -> None:
    # The deepest take a minute: 1001 and 1202 layers, and their plain twins.
    assert census(ALL[name]) == counted(ALL[name])
