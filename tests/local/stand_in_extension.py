"""An external extension for tests: registers, prints every event as one JSON line, and misbehaves on request.

Run with an isolated interpreter and only the standard library; see `stand_ins.write_extension`.
"""

import argparse
import http.client
import json
import os
import signal


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--events", nargs="*", default=["INVOKE", "SHUTDOWN"])
    parser.add_argument("--exit-on", metavar="EVENT", help="exit with status 1 instead of handling this event")
    parser.add_argument("--hang-on", metavar="EVENT", help="never ask for another event after this one")
    parser.add_argument("--print-environment", action="store_true")
    options = parser.parse_args()
    if options.print_environment:
        print(json.dumps(dict(os.environ)), flush=True)
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(method: str, path: str, headers: dict[str, str], body: str | None = None) -> http.client.HTTPResponse:
        api.request(method, f"/2020-01-01/extension/{path}", body, headers)
        return api.getresponse()

    name = {"Lambda-Extension-Name": options.name}
    registered = call("POST", "register", name, json.dumps({"events": options.events}))
    answer = json.loads(registered.read())
    print(json.dumps({"registered": registered.status, **answer}), flush=True)
    if registered.status == 403:  # what a well-written extension does where INVOKE is not to be had
        registered = call("POST", "register", name, json.dumps({"events": ["SHUTDOWN"]}))
        registered.read()
    identifier = {"Lambda-Extension-Identifier": registered.headers["Lambda-Extension-Identifier"]}
    if options.exit_on == "INIT":
        raise SystemExit(1)
    while True:
        event = json.loads(call("GET", "event/next", identifier).read())
        if event["eventType"] == options.exit_on:
            raise SystemExit(1)
        print(json.dumps(event), flush=True)
        if event["eventType"] == options.hang_on:
            signal.pause()
        if event["eventType"] == "SHUTDOWN":
            return


if __name__ == "__main__":
    main()
