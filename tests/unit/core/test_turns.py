"""Clients take turns; nothing is lost and nothing comes twice."""

import random

import pytest

from facenet_res.core.turns import Turns, is_within_share


def test_one_thing_of_each_client_in_turn() -> None:
    turns: Turns[str] = Turns()
    for name in ("a1", "a2", "a3", "b1", "c1", "c2"):
        turns.push(name[0], name)
    assert [turns.take() for _ in range(len(turns))] == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_a_newcomer_stands_behind_the_clients_and_not_behind_their_things() -> None:
    turns: Turns[str] = Turns()
    for number in range(100):
        turns.push("busy", f"busy {number}")
    turns.push("calm", "calm")
    assert [turns.take(), turns.take()] == ["busy 0", "calm"]


def test_what_is_removed_is_gone_and_what_never_came_cannot_be_removed() -> None:
    turns: Turns[str] = Turns()
    turns.push("a", "a1")
    turns.push("a", "a2")
    turns.remove("a", "a1")
    with pytest.raises(ValueError, match="'b' has nothing here"):
        turns.remove("b", "a2")
    assert (list(turns), turns.take(), len(turns)) == (["a2"], "a2", 0)
    with pytest.raises(IndexError, match="nothing waits"):
        turns.take()


@pytest.mark.parametrize("seed", range(20))
def test_no_client_is_served_twice_while_another_waits(seed: int) -> None:
    # Given: things of five clients, pushed and taken at random.
    rng = random.Random(seed)  # noqa: S311 - no secret is made of it
    turns: Turns[tuple[int, int]] = Turns()
    pushed, taken = [], []
    since_turn = dict.fromkeys(range(5), 0)
    for number in range(400):
        if rng.random() < 0.6:
            client = rng.choice((0, 0, 0, 1, 2, 3, 4))
            turns.push(client, (client, number))
            pushed.append((client, number))
        elif len(turns):
            waiting = {client for client, _ in turns}
            item = turns.take()
            taken.append(item)
            # Then: whoever waits is passed by each other client at most once.
            for client in waiting - {item[0]}:
                since_turn[client] += 1
                assert since_turn[client] < 5
            since_turn[item[0]] = 0
    taken += [turns.take() for _ in range(len(turns))]
    assert sorted(taken) == sorted(pushed)
    for client in range(5):
        assert [item for item in taken if item[0] == client] == [
            item for item in pushed if item[0] == client
        ]


def test_a_client_alone_gets_half_of_the_room_and_two_get_a_third_each() -> None:
    def filled(clients: int, room: int) -> list[int]:
        held = [0] * clients
        for _ in range(room):
            for client in range(clients):
                if is_within_share(held[client], 1, room - sum(held)):
                    held[client] += 1
        return held

    assert filled(1, 90) == [45]
    assert filled(2, 90) == [30, 30]
    assert filled(3, 100) == [25, 25, 25]
