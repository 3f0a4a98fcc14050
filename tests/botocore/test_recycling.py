"""A client that died untouched leaves its parts to the next equal one, and nobody can tell."""

from __future__ import annotations

import pytest

from tests.botocore.conftest import Botocore
from tests.support.origin import Origin


@pytest.mark.parametrize(
    "service", ["dynamodb", "ec2", "events", "lambda", "s3", "secretsmanager", "sqs", "ssm", "sts"]
)
@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_the_third_of_equal_clients_gets_the_parts_of_the_second(boto: Botocore, service: str, mode: str) -> None:
    code = """
        for _ in range(10):
            boto3.client(service)
        result = verdicts()
    """
    assert boto(code, service=service, environ={"AWS_RETRY_MODE": mode}) == {"recycled": 8}


def test_a_session_with_one_client_is_not_watched(boto: Botocore) -> None:
    code = "result = '_keepalive' in vars(boto3.client('sqs')) or '_keepalive' in vars(boto3.Session().client('sqs'))"
    assert boto(code) is False


def test_two_live_clients_share_no_part(boto: Botocore) -> None:
    code = """
        warm(); warm()
        one, two = boto3.client("sqs"), boto3.client("sqs")
        shared = {"_loader", "_exceptions_factory"}
        result = [
            name for name in vars(one)
            if name not in shared and vars(one)[name] is vars(two)[name] and vars(one)[name] is not None
        ] + [name for name in vars(one.meta) if vars(one.meta)[name] is vars(two.meta)[name] and name != "_partition"]
        result.append(type(one) is type(two))
        result.append(verdicts()["recycled"])
    """
    assert boto(code) == [False, 3]


def test_a_handler_of_one_client_is_never_called_for_another(boto: Botocore, origin: Origin) -> None:
    code = """
        warm("secretsmanager", endpoint_url=url)
        seen = []
        one = boto3.client("secretsmanager", endpoint_url=url)
        one.meta.events.register("before-send.secretsmanager", lambda **kwargs: seen.append("handler"))
        one.get_random_password()
        del one
        for _ in range(3):
            boto3.client("secretsmanager", endpoint_url=url).get_random_password()
        result = [seen, verdicts()["handlers"]]
    """
    assert boto(code, url=origin.url) == [["handler"], 1]


def test_a_handler_that_was_taken_back_leaves_doubt_enough(boto: Botocore) -> None:
    code = """
        warm()
        one = boto3.client("sqs")
        handler = lambda **kwargs: None
        one.meta.events.register("before-send.sqs", handler)
        one.meta.events.unregister("before-send.sqs", handler)
        del one
        result = verdicts()["handlers"]
    """
    assert boto(code) == 1


# What somebody may hold of a client that he lets go, by an expression for it.
HELD = {
    "meta": "one.meta",
    "emitter": "one.meta.events",
    "inner emitter": "one.meta.events._emitter",
    "config": "one.meta.config",
    "endpoint": "one._endpoint",
    "signer": "one._request_signer",
    "weak reference to a part": "weakref.ref(one.meta)",
    "attributes": "vars(one)",
    "class": "type(one)",
    "subclass": "type('Sub', (type(one),), {})",
    "retry handler": "one.meta.events._emitter._unique_id_handlers['retry-config-sqs']['handler']",
}


@pytest.mark.parametrize("held", HELD)
def test_a_part_that_is_held_is_not_used_again(boto: Botocore, held: str) -> None:
    code = """
        import weakref
        warm()
        one = boto3.client("sqs")
        held = eval(expression)
        if hasattr(held, "__self__"):
            held = held.__self__
        parts = vars(one)["_keepalive"].attributes["meta"]
        before = verdicts()
        del one
        result = [verdicts().get("held", 0), boto3.client("sqs").meta is parts]
    """
    assert boto(code, expression=HELD[held]) == [1, False]


@pytest.mark.parametrize("held", ["one", "one.send_message", "weakref.ref(one)()", "one.get_paginator('list_queues')"])
def test_a_client_that_is_held_lives(boto: Botocore, held: str) -> None:
    code = """
        import weakref
        warm()
        one = boto3.client("sqs")
        held, meta = eval(expression), one.meta
        del one
        result = boto3.client("sqs").meta is meta
    """
    assert boto(code, expression=held) is False


# What somebody may do to a client before he lets it go.
CHANGES = {
    "attribute": "one.mine = 1",
    "replaced operation": "one.send_message = None",
    "configuration": "one.meta.config.region_name = 'eu-west-1'",
    "retries in the configuration": "one.meta.config.retries['total_max_attempts'] = 9",
    "replaced endpoint": "one._endpoint.host = 'http://elsewhere'",
    "verification": "one._endpoint.http_session._verify = False",
    "signing region": "one._request_signer._region_name = 'eu-west-1'",
    "class": "type(one).send_message = None",
    "model": "one.meta.service_model.operation_model('SendMessage').input_shape.members.clear()",
    "used retry quota": "quota(one).acquire(5)",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_client_is_not_used_again(boto: Botocore, change: str) -> None:
    code = """
        def quota(client):
            handlers = client.meta.events._emitter._unique_id_handlers
            return handlers["retry-config-sqs"]["handler"].__self__._retry_quota._quota

        warm()
        one = boto3.client("sqs")
        exec(change)
        del one
        two = boto3.client("sqs")
        result = [
            verdicts().get("changed"), two.meta.region_name, type(two).send_message is None, hasattr(two, "mine"),
            len(two.meta.service_model.operation_model("SendMessage").input_shape.members) > 2,
            quota(two).available_capacity if hasattr(quota(two), "available_capacity") else 500,
        ]
    """
    environ = {"AWS_RETRY_MODE": "standard"}
    assert boto(code, change=CHANGES[change], environ=environ) == [1, "us-east-1", False, False, True, 500]


def test_a_client_in_a_reference_cycle_is_collected_and_not_used_again(boto: Botocore) -> None:
    code = """
        import weakref
        warm()
        one = boto3.client("sqs")
        one.me = one
        reference = weakref.ref(one)
        del one
        gc.collect()
        result = [reference() is None, verdicts()["in-cycle"]]
    """
    assert boto(code) == [True, 1]


def test_weak_references_die_with_their_client(boto: Botocore) -> None:
    code = """
        import weakref
        warm()
        dead = []
        one = boto3.client("sqs")
        reference = weakref.ref(one, lambda _: dead.append(1))
        del one
        two = boto3.client("sqs")
        result = [reference() is None, dead, verdicts()["recycled"]]
    """
    assert boto(code) == [True, [1], 2]


def test_a_closed_client_leaves_one_that_works(boto: Botocore, origin: Origin) -> None:
    code = """
        warm("secretsmanager", endpoint_url=url)
        for _ in range(3):
            one = boto3.client("secretsmanager", endpoint_url=url)
            one.get_random_password()
            one.close()
            del one
        result = verdicts()["recycled"]
    """
    assert boto(code, url=origin.url) == 3
    assert (origin.received, origin.accepted) == (3, 1)


def test_s3s_helpers_follow_the_client(boto: Botocore) -> None:
    """Its redirector and its session credentials hold their client weakly."""
    code = """
        warm("s3")
        one = boto3.client("s3")
        handlers = one.meta.events._emitter._handlers.prefix_search("needs-retry.s3.GetObject")
        redirector = next(h.__self__ for h in handlers if "Redirector" in type(getattr(h, "__self__", None)).__name__)
        result = [verdicts()["recycled"], redirector._client.meta is one.meta]
    """
    assert boto(code) == [1, True]


def test_a_given_config_is_completed_as_ever(boto: Botocore) -> None:
    """botocore writes what it made of the retry settings into the Config that it was given."""
    code = """
        def given():
            config = Config(retries={"max_attempts": 3, "mode": "standard"})
            boto3.client("sqs", config=config)
            return config.retries
        result = [given() for _ in range(4)]
    """
    assert boto(code) == boto(code, layer=False)


def test_threads_never_get_the_same_client(boto: Botocore) -> None:
    code = """
        import threading
        warm(); warm()
        alive, lock, doubles = set(), threading.Lock(), []

        def work():
            for _ in range(200):
                one = boto3.client("sqs")
                with lock:
                    if id(one.meta) in alive:
                        doubles.append(1)
                    alive.add(id(one.meta))
                with lock:
                    alive.discard(id(one.meta))
                del one

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        result = [doubles, verdicts()["recycled"] > 500]
    """
    assert boto(code) == [[], True]
