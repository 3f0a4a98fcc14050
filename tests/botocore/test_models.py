"""What sessions spare each other is read again when it changed, and what a user can reach is his own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.botocore.conftest import MODEL, Botocore

# How a user gets at data that botocore has parsed, by an expression over a session.
REACHED = {
    "a model of the loader": "loader(session).load_service_model('sqs', 'service-2')",
    "a model of the session": "session._session.get_service_model('sqs')._service_description",
    "a waiter model": "loader(session).load_service_model('dynamodb', 'waiters-2')",
    "data of the loader": "loader(session).load_data('endpoints')",
    "data and its path": "loader(session).load_data_with_path('partitions')[0]",
    "the services": "loader(session).list_available_services('service-2')",
    "a client's model": "session.client('sqs').meta.service_model.metadata",
    "a client's operation": "session.client('sqs').meta.service_model.operation_model('SendMessage').http",
    "a client's shape": "session.client('sqs').meta.service_model.shape_for('SendMessageRequest').members",
}
LOADER = """
def loader(session):
    return session._session.get_component("data_loader")
"""


@pytest.mark.parametrize("way", REACHED)
def test_what_one_session_changes_no_other_sees(boto: Botocore, way: str) -> None:
    code = """
        def reach():
            session = boto3.Session()
            session.client("sqs")
            return eval(way)
        for _ in range(3):
            reach()
        found = reach()
        size = len(found)
        found.clear()
        result = [size > 1, len(reach()) == size, bool(boto3.Session().client("sqs"))]
    """
    assert boto(LOADER, code, way=REACHED[way]) == [True, True, True]


def test_what_a_session_changes_it_sees_itself(boto: Botocore) -> None:
    code = """
        boto3.Session().client("sqs")
        session = boto3.Session()
        session.client("sqs")
        loader(session).load_service_model("sqs", "service-2")["metadata"]["endpointPrefix"] = "mine"
        table = loader(session).load_data("endpoints")
        with_us = session._session._get_internal_component("endpoint_resolver")._endpoint_data is table
        result = [session.client("sqs").meta.service_model.endpoint_prefix, with_us]
    """
    assert boto(LOADER, code) == boto(LOADER, code, layer=False) == ["mine", True]


def test_sessions_parse_the_endpoints_once(boto: Botocore) -> None:
    code = """
        import botocore.loaders
        parsed, original = [], botocore.loaders.json.loads
        def loads(payload, **kwargs):
            parsed.append(len(payload))
            return original(payload, **kwargs)
        botocore.loaders.json.loads = loads
        sizes = []
        for _ in range(4):
            boto3.Session().client("sqs")
            sizes.append(sum(parsed))
            parsed.clear()
        result = [sizes[0] > 500_000, sizes[2:]]
    """
    assert boto(code) == [True, [0, 0]]


def test_a_rewritten_model_is_read_again(boto: Botocore, models: Path) -> None:
    code = """
        def operations():
            return boto3.Session().client("ours").meta.service_model.operation_names
        before = [operations() for _ in range(3)][-1]
        with open(path, "w") as file:
            file.write(model.replace("DoThis", "DoThat"))
        result = [before, operations()]
    """
    path = models / "ours/2020-01-01/service-2.json"
    environ = {"AWS_DATA_PATH": str(models)}
    assert boto(code, path=str(path), model=MODEL, environ=environ) == [["DoThis"], ["DoThat"]]


def test_services_come_and_go_with_their_directories(boto: Botocore, models: Path) -> None:
    code = """
        import shutil
        def there():
            return "ours" in boto3.Session().get_available_services()
        before = [there() for _ in range(3)]
        shutil.move(path, away)
        without = there()
        shutil.move(away, path)
        result = [before, without, there()]
    """
    environ = {"AWS_DATA_PATH": str(models)}
    path, away = str(models / "ours/2020-01-01"), str(models.parent / "away")
    assert boto(code, path=path, away=away, environ=environ) == [[True] * 3, False, True]


def test_models_in_the_home_directory_are_found(boto: Botocore, models: Path) -> None:
    (models / ".aws").mkdir()
    code = """
        there = [
            "ours" in boto3.Session().get_available_services() for _ in range(2)
        ]
        os.rename(path, os.path.join(os.environ["HOME"], ".aws/models"))
        result = [there, "ours" in boto3.Session().get_available_services()]
    """
    (models / "all").mkdir()
    (models / "ours").rename(models / "all/ours")
    assert boto(code, path=str(models / "all"), environ={"HOME": str(models)}) == [[False] * 2, True]


def test_other_search_paths_are_other_services(boto: Botocore, models: Path) -> None:
    code = """
        def there():
            return "ours" in boto3.Session().get_available_services()
        there()
        os.environ["AWS_DATA_PATH"] = path
        with_path = there()
        del os.environ["AWS_DATA_PATH"]
        result = [with_path, there()]
    """
    assert boto(code, path=str(models)) == [True, False]


@pytest.mark.parametrize(
    "name", ["before-send.sqs.X", "creating-client-class.iot-data", "docs.*.autoscaling.X.complete-section", "none"]
)
def test_events_have_the_names_that_botocore_gives_them(boto: Botocore, name: str) -> None:
    code = """
        from botocore.hooks import EventAliaser, HierarchicalEmitter
        emitters = [EventAliaser(HierarchicalEmitter()) for _ in range(2)]
        other = EventAliaser(HierarchicalEmitter(), {"none": "some", "sqs": "sns"})
        result = [emitter._alias_event_name(name) for emitter in (*emitters, other, emitters[0])]
    """
    assert boto(code, name=name) == boto(code, name=name, layer=False)


def test_handlers_are_accepted_and_refused_as_ever(boto: Botocore) -> None:
    code = """
        import functools
        class Handler:
            def method(self, **kwargs): pass
            def without(self): pass
            def __call__(self, event_name, **kwargs): pass
        def signed(): pass
        import inspect
        signed.__signature__ = inspect.signature(Handler().method)
        candidates = [
            lambda **kwargs: None, lambda a, *b, c=1, **d: None, lambda a: None, Handler().method,
            Handler().without, Handler(), functools.partial(lambda **kwargs: None, a=1),
            Handler, signed, functools.wraps(len)(lambda: None),
        ]
        result = []
        for candidate in candidates:
            try:
                botocore.session.Session().register("event", candidate)
                result.append(True)
            except ValueError:
                result.append(False)
        from botocore.hooks import accepts_kwargs
        result += [accepts_kwargs(candidate) for candidate in candidates[:5]]
    """
    assert boto(code) == boto(code, layer=False)
