"""Whichever of our functions raises, and whenever: the user's call has its answer, and a line says what happened."""

from __future__ import annotations

import pytest

from tests.clients.careless import CLIENTS
from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

# In a forked child for each of our functions: make it raise, call as a careless function does, and look.
INJECT = """
    import os, types
    import lambda_keepalive.transport
    from lambda_keepalive import guard, lifecycle

    def functions():
        # What a call comes by: not how the patches were put in, nor what is said about faults.
        passed_over = ("boot", "config", "guard", "hooks", "patches", "patching", "publish", "record")
        # These are the seams themselves, called in the place of a library's own function and calling it: what they do
        # of their own is guarded within.
        seams = ("transport.connect", "default_context.initialize", "default_context.Note.make_context")
        seams += ("urllib3_queue.PoolQueue._init", "urllib3_queue.PoolQueue.put")
        seams += ("http_replay.send", "http_replay.response", "http_replay._not_yet")
        seams += tuple(f"default_context.ContextAttribute.__{name}__" for name in ("get", "set", "delete"))
        for name, module in sorted(sys.modules.items()):
            short = name.removeprefix("lambda_keepalive.")
            if name.startswith("lambda_keepalive.") and short.split(".")[0] not in passed_over:
                for attribute, value in sorted(vars(module).items()):
                    if getattr(value, "__module__", None) != name:
                        continue
                    if f"{short}.{attribute}" in seams:
                        continue
                    if isinstance(value, types.FunctionType):
                        yield f"{short}.{attribute}", module, attribute
                    elif isinstance(value, type):
                        for method, function in sorted(vars(value).items()):
                            full = f"{short}.{attribute}.{method}"
                            if isinstance(function, types.FunctionType) and full not in seams:
                                yield full, value, method

    def invocation():
        # As the patch of awslambdaric does it.
        try:
            lifecycle.starting("id")
        except Exception:
            guard.fault("start of the invocation")
        answers = [fetch(url + path) for path in paths]
        try:
            lifecycle.ending()
        except Exception:
            guard.fault("end of the invocation")
        return answers

    def broken(*args, **kwargs):
        raise RuntimeError("injected")

    def injected(owner, attribute):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                answers = invocation()
                modules = [module for name, module in sys.modules.items() if name.startswith("lambda_keepalive")]
                original = vars(owner)[attribute]
                setattr(owner, attribute, broken)
                for module in modules:  # who imported it by its name
                    for name, value in list(vars(module).items()):
                        if value is original:
                            setattr(module, name, broken)
                answers = [answers, invocation(), invocation()]
            except BaseException as error:
                answers = repr(error)
            os.write(writer, json.dumps(answers).encode())
            os._exit(0)
        os.close(writer)
        with open(reader) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        return json.loads(text)

    expected = [invocation()] * 3
    outcomes = {name: injected(owner, attribute) for name, owner, attribute in functions()}
    result = [len(outcomes), {name: outcome for name, outcome in outcomes.items() if outcome != expected}]
"""
PATHS = ["/bytes/3", "/chunked/2500", "/close", "/status/404"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_fault_in_any_of_our_functions_changes_no_answer(run: Interpreter, origin: Origin, client: str) -> None:
    count, wrong = run(CLIENTS[client], INJECT, url=origin.url, paths=PATHS)
    assert wrong == {}
    assert count >= 50
