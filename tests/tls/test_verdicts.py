"""A context with a directory in place of its CAs accepts and refuses as ever, with the same words."""

from __future__ import annotations

from typing import Any

import pytest
from lambda_keepalive import certificates

from tests.clients.interpreter import Interpreter
from tests.tls.conftest import sandbox
from tests.tls.corpus import Corpus

# Thousands of handshakes before the first test; fifteen seconds of a processor, which may have others to serve.
pytestmark = pytest.mark.timeout(600)

# What OpenSSL makes of the corpus (X509_V_ERR_*, x509_vfy.h): the rest is refused.
ACCEPTED = {
    "good",
    "good with its root",
    "good without intermediate",
    "address",
    "wildcard",
    "common name alone",
    "path length kept",
    "names within root's",
    "first key of a name",
    "second key of a name",
    "renewed root",
    "root and its expired self",
    "cross-signed",
    "cross-signed, both trusted",
    "cross-signed, old root expired",
    "name: case",
    "name: spaces",
    "name: string type",
    "name: T61",
    "name: umlauts",
    "name: Greek",
    "name: two in one",
}

PREPARE = """
    import json, ssl
    from tests.tls.handshake import verdict

    cases = json.load(open(files["cases"]))
    bundle, crossed = files["bundle"], files["crossed"]

    def context(*steps):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for step in steps:
            step(made)
        return made

    def cafile(path):
        return lambda made: made.load_verify_locations(path)

    def cadata(path):
        return lambda made: made.load_verify_locations(cadata=open(path).read())

    def flags(value):
        return lambda made: setattr(made, "verify_flags", made.verify_flags | value)

    default = ssl.SSLContext.set_default_verify_paths
"""

# Ways to trust the same roots, and more, on one context: its steps, and whether a directory stands in the end.
WAYS = {
    "file": ("cafile(bundle)", True),
    "data": ("cadata(bundle)", True),
    "default": ("default", True),
    "default of this Python": ("default, flags(ssl.create_default_context().verify_flags)", True),
    "others alone": ("cafile(crossed)", True),
    "partial chains": ("cafile(bundle), flags(ssl.VERIFY_X509_PARTIAL_CHAIN)", True),
    "strict": ("cafile(bundle), flags(ssl.VERIFY_X509_STRICT)", True),
    "not trusted first": ("cafile(bundle), lambda made: setattr(made, 'verify_flags', 0)", True),
    "TLS 1.2": ("cafile(bundle), lambda made: setattr(made, 'maximum_version', ssl.TLSVersion.TLSv1_2)", True),
    "the same file twice": ("cafile(bundle), cafile(bundle)", True),
    "data of the same file, too": ("cafile(bundle), cadata(bundle)", True),
    "few more": ("cafile(bundle), cafile(files['stranger'])", True),
    "few before": ("cafile(files['stranger']), cafile(bundle)", False),
    "looked at before": ("cafile(bundle), ssl.SSLContext.get_ca_certs", False),
    "roots of the same names after": ("cafile(bundle), cafile(crossed)", False),
    "roots of the same names before": ("cafile(crossed), cafile(bundle)", False),
    "default, then a file": ("default, cafile(crossed)", False),
    "a file, then default": ("cafile(crossed), default", False),
    "directory before": ("lambda made: made.load_verify_locations(capath=files['hashed']), cafile(bundle)", False),
    "directory after": ("cafile(bundle), lambda made: made.load_verify_locations(capath=files['hashed'])", True),
}


@pytest.fixture(scope="module")
def files(corpus: Corpus) -> dict[str, str]:
    stranger = corpus.bundle.with_name("stranger.pem")
    text = corpus.bundle.with_name("untrusted.pem").read_text()
    stranger.write_text("-----BEGIN CERTIFICATE-----" + text.rpartition("-----BEGIN CERTIFICATE-----")[2])
    # The same names under other keys, where only a look into a directory finds them.
    hashed = corpus.bundle.with_name("hashed")
    hashed.mkdir()
    for subject_hash, pem in certificates.read(corpus.crossed.read_bytes()) or ():
        (hashed / f"{subject_hash}.0").write_bytes(pem)
    paths = {"cases": corpus.cases, "bundle": corpus.bundle, "crossed": corpus.crossed}
    paths |= {"stranger": stranger, "hashed": hashed}
    return {name: str(path) for name, path in paths.items()}


@pytest.fixture(scope="module")
def said(run: Interpreter, files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """By whether the layer was there and by way: the verdicts of contexts used once, those of one context for all
    chains, and whether a directory stood for its roots."""
    code = """
        result = {}
        for way, (steps, _) in ways.items():
            steps = eval(f"[{steps}]")
            one = context(*steps)
            # Without the layer a handshake changes nothing about a context.
            fresh = {case: verdict(context(*steps) if with_layer else one, chain, host) for case, chain, host in cases}
            lasting = {case: verdict(one, chain, host) for case, chain, host in cases}
            if with_layer:
                from lambda_keepalive import trust
            result[way] = fresh, lasting, with_layer and one in trust._directories
    """
    environ = {**sandbox(tmp_path_factory.mktemp("sandbox")), "SSL_CERT_FILE": files["bundle"]}
    with_or_without = []
    for layer in (False, True):
        names = {"files": files, "ways": WAYS, "with_layer": layer}
        with_or_without.append(run(PREPARE, code, layer=layer, environ=environ, options=("-W", "ignore"), **names))
    return dict(enumerate(with_or_without))


def test_the_corpus_is_what_it_claims_to_be(said: Any) -> None:
    verdicts = said[False]["file"][0]
    assert {case for case, verdict in verdicts.items() if verdict == "accepted"} == ACCEPTED
    assert len({verdict[0] for verdict in verdicts.values() if verdict != "accepted"}) >= 8


@pytest.mark.parametrize("way", WAYS)
def test_every_verdict_is_the_same(said: Any, way: str) -> None:
    fresh, lasting, _ = said[True][way]
    assert fresh == said[False][way][0]
    assert lasting == said[False][way][1]


@pytest.mark.parametrize("way", WAYS)
def test_a_directory_stands_where_it_can_hide_nothing(said: Any, way: str) -> None:
    assert said[True][way][2] == WAYS[way][1]
