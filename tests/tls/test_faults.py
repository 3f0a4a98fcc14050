"""Whichever of the functions that handle CAs raises: the context trusts what it should, and a line tells of it."""

from __future__ import annotations

from tests.clients.interpreter import Interpreter
from tests.tls.corpus import Corpus

CODE = """
    import ssl, types
    from tests.tls.handshake import verdict

    ssl.create_default_context()
    from lambda_keepalive import ca_bundle, certificates, der, hashed_directory, spare_context, subject_name, trust
    from lambda_keepalive import unknown_certificate
    modules = [ca_bundle, certificates, der, hashed_directory, spare_context, subject_name, trust, unknown_certificate]
    # What is done after any other fault.
    last_resort = "lambda_keepalive.trust.load", "lambda_keepalive.ca_bundle.Bundle.text"

    def functions():
        for module in modules:
            for name, value in sorted(vars(module).items()):
                if getattr(value, "__module__", None) == module.__name__:
                    if isinstance(value, types.FunctionType):
                        yield f"{module.__name__}.{name}", [(m, name) for m in modules if vars(m).get(name) is value]
                    elif isinstance(value, type):
                        methods = [key for key, method in vars(value).items() if isinstance(method, types.FunctionType)]
                        yield from ((f"{module.__name__}.{name}.{method}", [(value, method)]) for method in methods)

    def broken(*args, **kwargs):
        raise RuntimeError("injected")

    def answers(number):
        # As in a new process, with an empty /tmp.
        ca_bundle._bundles.clear()
        ca_bundle._files.clear()
        spare_context._spares.clear()
        ca_bundle._settings.runtime_dir = f"{directory}/{number}"
        made = ssl.create_default_context()
        made.load_verify_locations(other)
        said = [verdict(made, chain, host) for case, chain, host in cases if case in chosen]
        return [*said, made.cert_store_stats(), len(ssl.create_default_context().get_ca_certs())]

    cases, chosen = json.load(open(cases)), ("good", "untrusted", "wrong host", "second key of a name")
    expected = answers("whole")
    result = {"injected": 0, "different": {}}
    for number, (full, places) in enumerate(place for place in list(functions()) if place[0] not in last_resort):
        originals = [(owner, name, vars(owner)[name]) for owner, name in places]
        for owner, name, _ in originals:
            setattr(owner, name, broken)
        try:
            found = answers(number)
        except Exception as error:
            found = repr(error)
        for owner, name, original in originals:
            setattr(owner, name, original)
        result["injected"] += 1
        if found != expected:
            result["different"][full] = found
"""


def test_no_fault_of_ours_changes_whom_a_context_trusts(
    run: Interpreter, corpus: Corpus, environ: dict[str, str]
) -> None:
    result = run(
        CODE,
        cases=str(corpus.cases),
        other=str(corpus.crossed),
        directory=environ["KEEPALIVE_RUNTIME_DIR"],
        environ={**environ, "SSL_CERT_FILE": str(corpus.bundle)},
        stderr=r"(lambda-keepalive: fault in (CAs of ssl\.SSLContext|ssl\.create_default_context) [^\n]+\n)+",
    )
    assert result["different"] == {}
    assert result["injected"] > 25
