"""A function process in which one function of the layer is broken at a time: `python -m tests.torture.faulty_function`.

Besides invocations it takes these orders: `{"watch": true}` begins to note which functions of the layer run, and
`{"watch": false}` tells; `{"fork": true}` has all that follows done by a child, until its `{"exit": true}`;
`{"break": NAME}` makes that function raise from now on, in that process. The client is imported at the start.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

from tests.torture.function import Invocations

# How the patches were put in, and what is said about faults: no call comes by these.
PASSED_OVER = ("boot", "config", "guard", "hooks", "patches", "patching", "publish", "record")

# These stand in for a library's own function and call it: an exception that leaves them may be that one's own. What
# they do besides is guarded within.
SEAMS = (
    "transport:connect",
    "default_context:initialize",
    "default_context:Note.make_context",
    "default_context:ContextAttribute.__get__",
    "default_context:ContextAttribute.__set__",
    "default_context:ContextAttribute.__delete__",
    "urllib3_queue:PoolQueue._init",
    "urllib3_queue:PoolQueue.put",
    "botocore_clients:create",
    "http_replay:send",
    "http_replay:response",
    "http_replay:_not_yet",
    "http_replay:_connect_anew",
    "http_replay:_send_again",
    "httpcore_replay:response",
    "httpcore_replay:async_response",
)


def functions() -> Iterator[tuple[str, Any, str, types.FunctionType]]:
    """Every function and method of the layer's loaded modules: its name, who has it, by which attribute, and itself."""
    for module_name, module in sorted(sys.modules.items()):
        short = module_name.removeprefix("lambda_keepalive.")
        if short == module_name or short.split(".")[0] in PASSED_OVER:
            continue
        for attribute, value in sorted(vars(module).items()):
            if getattr(value, "__module__", None) != module_name:
                continue
            if isinstance(value, types.FunctionType):
                yield f"{short}:{attribute}", module, attribute, value
            elif isinstance(value, type):
                for method, function in sorted(vars(value).items()):
                    if isinstance(function, types.FunctionType):
                        yield f"{short}:{attribute}.{method}", value, method, function


class Watch:
    """Notes the code that runs, in all threads."""

    def __init__(self) -> None:
        self._ran: set[types.CodeType] = set()

    def begin(self) -> None:
        def note(frame: types.FrameType, event: str, argument: object) -> None:
            self._ran.add(frame.f_code)

        threading.setprofile(note)
        sys.setprofile(note)

    def end(self) -> list[str]:
        """The names of the functions that ran and can be broken."""
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
        return [name for name, _, _, function in functions() if function.__code__ in self._ran and name not in SEAMS]


def broken(*args: object, **kwargs: object) -> None:
    raise RuntimeError("injected")


def break_(name: str) -> None:
    """Put `broken` in the place of a function, also where it was imported by its name."""
    # Some are imported by the first call that needs them.
    importlib.import_module("lambda_keepalive." + name.partition(":")[0])
    owner, attribute, original = next(found[1:] for found in functions() if found[0] == name)
    setattr(owner, attribute, broken)
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("lambda_keepalive"):
            for alias, value in list(vars(module).items()):
                if value is original:
                    setattr(module, alias, broken)


def main() -> None:
    client = sys.argv[1]
    importlib.import_module({"urlopen": "urllib.request"}.get(client, client.removesuffix("-async")))
    invocations = Invocations(client)
    watch = Watch()
    # They live on in a child, so that they have no word to say about their end.
    clients_of_the_parent = []
    # Not by iteration, which reads ahead what is for the child.
    while line := sys.stdin.readline():
        order = json.loads(line)
        answer: dict[str, Any] = {}
        if "fork" in order:
            child = os.fork()
            if child:
                _, status = os.waitpid(child, 0)
                if status:
                    print(json.dumps({"ended": status}), flush=True)
                continue
            clients_of_the_parent.append(invocations)
            invocations = Invocations(client)
        elif "exit" in order:
            print("{}", flush=True)
            os._exit(0)
        elif "watch" in order:
            if order["watch"]:
                watch.begin()
            else:
                answer["reached"] = watch.end()
        elif "break" in order:
            break_(order["break"])
        else:
            answer = invocations.answer(order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
