"""What the batcher learns, against engines whose times are known in closed form."""

import itertools

import pytest

from facenet_res.inference.batcher_pace import Pace

SIZES = (1, 2, 4, 8, 16, 32)
CPU_S = 0.01
GPU_S = 0.01


def cpu() -> Pace:
    """Knows an engine whose time grows with the faces."""
    return taught({size: CPU_S * size for size in SIZES})


def gpu() -> Pace:
    """Knows an engine that takes the same time for any batch."""
    return taught(dict.fromkeys(SIZES, GPU_S))


def taught(seconds: dict[int, float]) -> Pace:
    pace = Pace(SIZES)
    for size, took_s in seconds.items():
        pace.call_ended(size, took_s)
    return pace


def test_nothing_is_known_at_first() -> None:
    pace = Pace(SIZES)
    assert pace.call_s(8) == 0
    assert pace.faces_of_next(5) == 5
    assert not pace.pays_to_wait(1)


@pytest.mark.parametrize("known", [(1,), (32,), (1, 4), (4, 16), (8, 32)])
def test_a_linear_engine_is_known_from_any_of_its_sizes(known: tuple[int, ...]) -> None:
    pace = taught({size: CPU_S * size for size in known})
    for size in SIZES:
        assert pace.call_s(size) == pytest.approx(CPU_S * size)


def test_a_call_and_its_padding_cost_the_same() -> None:
    assert cpu().call_s(5) == cpu().call_s(8)


def test_a_slower_machine_is_believed_after_a_few_calls() -> None:
    pace = taught({4: 1.0})
    for _ in range(8):
        pace.call_ended(4, 2.0)
    assert pace.call_s(4) == pytest.approx(2.0, rel=0.06)


def test_a_small_call_is_never_thought_to_cost_less_than_nothing() -> None:
    pace = taught({16: 0.1, 32: 0.5})
    assert 0 < pace.call_s(1) <= 0.1


@pytest.mark.parametrize("waiting", range(1, 70))
def test_no_other_way_to_split_the_waiting_faces_takes_less_time(waiting: int) -> None:
    # Given: an engine with a fixed part and a part for each face.
    for fixed_s, face_s in ((0.0, 0.01), (0.005, 0.01), (0.02, 0.001)):
        seconds = {size: fixed_s + face_s * size for size in SIZES}
        pace = taught(seconds)
        # When: all splits into one to four calls are tried.
        if waiting > SIZES[-1]:
            continue
        best_s = min(
            sum(seconds[size] for size in sizes)
            for calls in range(1, 5)
            for sizes in itertools.combinations_with_replacement(SIZES, calls)
            if sum(sizes) >= waiting
        )
        # Then: the batcher's way is within a tenth of the best of them.
        assert pace.all_s(waiting) <= 1.1 * best_s + 1e-9


def test_waiting_pays_on_a_gpu_and_not_on_a_cpu() -> None:
    for pace, pays in ((cpu(), False), (gpu(), True)):
        for _ in range(20):
            pace.face_came(0.0001)
        assert pace.pays_to_wait(1) is pays
        assert pace.pays_to_wait(6) is pays


def test_waiting_for_a_face_that_is_far_off_does_not_pay() -> None:
    pace = gpu()
    for _ in range(20):
        pace.face_came(GPU_S)
    assert not pace.pays_to_wait(1)


def test_padding_that_is_paid_for_is_worth_a_little_waiting() -> None:
    pace = cpu()
    for _ in range(20):
        pace.face_came(0.00001)
    # Five faces go as four and one on a CPU, so that a sixth costs its own time.
    assert not pace.pays_to_wait(5)


def test_sizes_that_do_not_ascend_are_a_bug() -> None:
    for sizes in ((), (2, 1), (1, 1)):
        with pytest.raises(AssertionError):
            Pace(sizes)
