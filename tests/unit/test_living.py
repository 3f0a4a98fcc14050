"""What several threads know to be alive."""

from __future__ import annotations

import gc

from lambda_keepalive.living import Living


class Client:
    pass


def test_what_nobody_has_is_forgotten() -> None:
    living = Living()
    kept, lost = Client(), Client()
    living.add(kept)
    living.add(lost)
    living.add(kept)
    assert {*living} == {kept, lost}
    assert len([*living]) == 2
    del lost
    gc.collect()
    assert [*living] == [kept]


def test_one_may_look_while_another_adds_and_forgets() -> None:
    """As two threads do; a `WeakSet` raises."""
    living = Living()
    clients = [Client() for _ in range(100)]
    for client in clients:
        living.add(client)
    looking = iter(living)
    found = {next(looking)}
    new = [Client() for _ in range(1000)]
    for client in new:
        living.add(client)
    found.update(looking)
    assert found == {*clients}
    looking = iter(living)
    next(looking)
    del client, new
    gc.collect()
    assert {*looking} <= {*clients}
