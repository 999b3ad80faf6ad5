"""The networks are the published ones: same parameters, same work."""

import pytest

from facenet_res.models.catalogue import networks

NETWORKS = {network.name: network for network in networks()}

# Parameters and GMACs. Source: the table of deepinsight/insightface's published networks.
IRESNETS = {
    "iresnet18": (24_025_600, 2.61),
    "iresnet34": (34_139_328, 4.46),
    "iresnet50": (43_590_848, 6.31),
    "iresnet100": (65_156_160, 12.09),
    "iresnet200": (118_833_920, 23.42),
}
# Source: torchvision's documentation of its weights, whose stride sits where ours does.
CLASSIC = {
    "resnet18": (11_689_512, 1.81),
    "resnet34": (21_797_672, 3.66),
    "resnet50": (25_557_032, 4.09),
    "resnet101": (44_549_160, 7.80),
    "resnet152": (60_192_808, 11.51),
}
# Millions. Source: He et al. 2015, table 6; He et al. 2016, tables 4 and 6. The papers count no
# BN: with it, 1001 layers have 10.33 and not 10.2.
CIFAR = {
    "cifar-resnet20": 0.27,
    "cifar-resnet32": 0.46,
    "cifar-resnet44": 0.66,
    "cifar-resnet56": 0.85,
    "cifar-resnet110": 1.7,
    "cifar-resnet1202": 19.4,
    "cifar-resnet164-preact": 1.7,
    "cifar-resnet1001-preact": 10.2,
}


@pytest.mark.parametrize("name", [*IRESNETS, *CLASSIC])
def test_parameters_equal_and_macs_are_within_a_percent_of_the_published(name: str) -> None:
    parameters, gmacs = {**IRESNETS, **CLASSIC}[name]
    assert NETWORKS[name].complexity.parameters == parameters
    assert NETWORKS[name].complexity.macs / 1e9 == pytest.approx(gmacs, rel=0.01)


@pytest.mark.parametrize("name", CIFAR)
def test_cifar_networks_are_as_large_as_the_papers_say(name: str) -> None:
    millions = NETWORKS[name].complexity.parameters / 1e6
    assert millions == pytest.approx(CIFAR[name], rel=0.02)


def test_plain_cifar_networks_have_the_weights_and_work_of_their_residual_twins() -> None:
    for depth in (20, 32, 44, 56, 110, 1202):
        plain, residual = (NETWORKS[f"cifar-{kind}{depth}"] for kind in ("plain", "resnet"))
        assert plain.complexity == residual.complexity


def test_every_residual_network_has_a_plain_twin_and_every_name_is_its_own() -> None:
    names = [network.name for network in networks()]
    assert len(set(names)) == len(names)
    assert {name.replace("resnet", "plain") for name in (*CLASSIC, *CIFAR)} <= set(names)
    assert len(names) == len(IRESNETS) + 1 + 2 * len(CLASSIC) + 2 * len(CIFAR)


def test_a_network_says_what_goes_in_and_comes_out() -> None:
    facts = {
        name: (network.input_side_px, network.outputs, network.is_embedding)
        for name, network in NETWORKS.items()
    }
    assert facts["iresnet50"] == (112, 512, True)
    assert facts["resnet50"] == (224, 1000, False)
    assert facts["cifar-resnet20"] == (32, 10, False)
