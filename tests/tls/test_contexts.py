"""What a context shows, and when it raises, is what it would have shown and raised with its CAs loaded at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.clients.interpreter import Interpreter
from tests.tls.corpus import Corpus

PREPARE = """
    import _ssl, os, shutil, ssl
    from tests.tls.handshake import verdict

    def chain(case):
        return next(path for name, path, _ in json.load(open(files["cases"])) if name == case)

    def in_store(context):
        # Past the layer: what OpenSSL holds at the moment.
        return _ssl._SSLContext.cert_store_stats(context)["x509"]

    def context(**options):
        return ssl.create_default_context(**options)

    def answer(made, case="good"):
        return verdict(made, chain(case), "origin.test")

    bundle = files["bundle"]
"""


@pytest.fixture(scope="module")
def files(corpus: Corpus) -> dict[str, str]:
    return {"bundle": str(corpus.bundle), "crossed": str(corpus.crossed), "cases": str(corpus.cases)}


@pytest.fixture
def both(run: Interpreter, files: dict[str, str], environ: dict[str, str]) -> Any:
    """Runs a snippet without and with the layer, and returns both results."""
    environ["SSL_CERT_FILE"] = files["bundle"]

    def both(code: str, **names: Any) -> list[Any]:
        return [
            run(PREPARE, code, files=files, layer=layer, environ=environ, options=("-W", "ignore"), **names)
            for layer in (False, True)
        ]

    return both


@pytest.fixture
def with_layer(run: Interpreter, files: dict[str, str], environ: dict[str, str]) -> Any:
    """Runs a snippet with the layer."""
    environ["SSL_CERT_FILE"] = files["bundle"]
    return lambda code, **names: run(PREPARE, code, files=files, environ=environ, options=("-W", "ignore"), **names)


@pytest.mark.parametrize(
    "made",
    [
        "context()",
        "context(cafile=bundle)",
        "context(cafile=os.fsencode(bundle))",
        "context(cadata=open(bundle).read())",
        "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=bundle)",
    ],
)
def test_no_certificate_is_loaded_until_one_is_needed(with_layer: Any, made: str) -> None:
    code = f"""
        made = {made}
        before = in_store(made)
        said = answer(made) if made.protocol == ssl.PROTOCOL_TLS_CLIENT else "accepted"
        result = [before, said, in_store(made) < 20, len(made.get_ca_certs()) > 100, in_store(made) > 100]
    """
    assert with_layer(code) == [0, "accepted", True, True, True]


def test_who_looks_at_the_store_sees_what_it_would_have_held(both: Any) -> None:
    code = """
        made = context()
        first = [made.cert_store_stats(), made.get_ca_certs(), [der.hex() for der in made.get_ca_certs(True)]]
        used = context(cafile=bundle)
        answer(used)
        key = lambda certificate: str(certificate)  # roots of several authorities have the serial number 0
        result = [first, used.cert_store_stats(), sorted(used.get_ca_certs(), key=key)]
    """
    without, with_layer = both(code)
    assert without == with_layer


BROKEN = {
    "missing": None,
    "empty": "",
    "garbage": "garbage",
    "half": "-----BEGIN CERTIFICATE-----\nMIIB",
    "bundle cut off": "cut",
    "bundle with a damaged certificate": "damaged",
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("first", [True, False], ids=["at first", "after a good one"])
def test_a_file_that_does_not_load_raises_in_the_same_line(both: Any, tmp_path: Path, kind: str, first: bool) -> None:
    code = """
        path = os.path.join(directory, "bundle.pem")
        good = open(bundle).read()
        if not first:
            open(path, "w").write(good)
            context(cafile=path)
            os.unlink(path)
        if text is not None:
            middle = good.index("-----END", len(good) // 2)
            bad = {"cut": good[:middle - 40], "damaged": good[:middle - 200] + "!!!!" + good[middle - 196:]}
            open(path, "w").write(bad.get(text, text))
        try:
            context(cafile=path)
            result = "loaded"
        except Exception as error:
            here = error.__traceback__
            result = [type(error).__name__, error.args[:1] if text is None else error.reason, here.tb_lineno]
    """
    without, with_layer = both(code, directory=str(tmp_path), text=BROKEN[kind], first=first)
    assert without == with_layer


def test_a_changed_file_is_trusted_anew_and_an_old_context_keeps_what_it_had(both: Any, tmp_path: Path) -> None:
    code = """
        path = os.path.join(directory, "bundle.pem")
        shutil.copy(bundle, path)
        old = context(cafile=path)
        shutil.copy(files["crossed"], path)
        new = context(cafile=path)
        os.unlink(path)
        result = [answer(old), answer(new), old.cert_store_stats(), new.cert_store_stats(), answer(old), answer(new)]
    """
    without, with_layer = both(code, directory=str(tmp_path))
    assert without == with_layer
    assert without[0] == "accepted" != without[1]


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_default_trust_follows_the_environment(both: Any, tmp_path: Path, variable: str) -> None:
    code = """
        first = answer(context())
        os.environ["SSL_CERT_FILE"] = files["crossed"]
        second = answer(context())
        os.environ.update({"SSL_CERT_FILE": "/nowhere", variable: directory})
        result = [first, second, answer(context())]
    """
    without, with_layer = both(code, directory=str(tmp_path), variable=variable)
    assert without == with_layer


@pytest.mark.parametrize(
    "deed",
    [
        "shutil.rmtree(home)",
        "shutil.rmtree(directory)",
        "[os.unlink(os.path.join(directory, name)) for name in os.listdir(directory)[::2]]",
        "os.rename(home, home + '.moved'); os.mkdir(home)",
        "shutil.rmtree(home); open(home, 'w').close()",
        "os.chmod(directory, 0o755)",
        "open(os.path.join(directory, '00000000.0'), 'w').close()",
    ],
)
def test_whatever_happens_to_the_directory_is_noticed_before_a_handshake(with_layer: Any, deed: str) -> None:
    code = f"""
        home = os.path.join(os.environ["KEEPALIVE_RUNTIME_DIR"], "ca")
        early = context()
        directory = os.path.join(home, os.listdir(home)[0])
        {deed}
        result = [answer(early), answer(context()), answer(early, "untrusted")[0]]
    """
    assert with_layer(code) == ["accepted", "accepted", 19]


@pytest.mark.parametrize(
    "place",
    [
        "os.mkdir(runtime); os.chmod(runtime, 0o777)",
        "os.mkdir(runtime); os.mkdir(runtime + '/ca'); os.chmod(runtime + '/ca', 0o770)",
        "os.mkdir(runtime); os.symlink('/tmp', runtime + '/ca')",
        "open(runtime, 'w').close()",
        "os.mkdir(runtime); open(runtime + '/ca', 'w').close()",
    ],
)
def test_where_others_can_write_or_nobody_can_the_cas_are_loaded_as_ever(with_layer: Any, place: str) -> None:
    code = f"""
        runtime = os.environ["KEEPALIVE_RUNTIME_DIR"]
        {place}
        made = context()
        result = [in_store(made) > 100, answer(made)]
    """
    assert with_layer(code) == [True, "accepted"]


@pytest.mark.parametrize(
    "made",
    [
        "Own(ssl.PROTOCOL_TLS_CLIENT)",
        "loaded(b'')",
        "loaded(open(bundle, 'rb').read()[:1000])",
    ],
)
def test_subclasses_and_other_kinds_of_data_are_left_to_openssl(both: Any, made: str) -> None:
    code = f"""
        class Own(ssl.SSLContext):
            pass

        def loaded(data):
            made = context()
            try:
                made.load_verify_locations(cadata=data)
            except Exception as error:
                return repr(error)
            return made

        made = {made}
        if isinstance(made, Own):
            made.load_verify_locations(bundle)
            result = in_store(made)
        else:
            result = made
    """
    without, with_layer = both(code)
    assert without == with_layer


def test_bad_arguments_raise_what_they_ever_raised(both: Any) -> None:
    code = """
        result = []
        for arguments, options in (((), {}), ((1,), {}), ((None, None, 1), {}), ((bundle, 1), {}), ((), {"file": 1}),
                                   ((bundle, None, None, None), {}), ((bundle, ""), {}), ((), {"cadata": "\\u00e4"})):
            made = context()
            try:
                made.load_verify_locations(*arguments, **options)
                result.append("loaded")
            except Exception as error:
                result.append([type(error).__name__, str(error)])
    """
    without, with_layer = both(code)
    assert without == with_layer


def test_a_session_belongs_to_its_own_context(both: Any) -> None:
    code = """
        def client(made, session=None):
            up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
            return made.wrap_bio(down, up, server_hostname="origin.test", session=session)

        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(chain("good"))
        server.maximum_version = ssl.TLSVersion.TLSv1_2
        made = context()
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        ends = [made.wrap_bio(down, up, server_hostname="origin.test"), server.wrap_bio(up, down, server_side=True)]
        first = ends[0]
        for _ in range(6):
            for end in ends:
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    pass
        client(made, first.session)
        try:
            client(context(), first.session)
            result = "taken"
        except ValueError as error:
            result = [str(error), first.context is made]
    """
    without, with_layer = both(code)
    assert without == with_layer == ["Session refers to a different SSLContext.", True]


def test_thousands_of_contexts_leave_no_memory_and_no_descriptors(with_layer: Any) -> None:
    code = """
        import resource

        def some(count):
            for _ in range(count):
                assert answer(context()) == "accepted"
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(os.listdir("/proc/self/fd"))

        before = some(200)
        after = some(1000)
        # A context with all CAs has 650 KiB.
        result = [after[0] - before[0] < 4000, after[1] == before[1]]
    """
    assert with_layer(code) == [True, True]


def test_threads_and_children_and_other_processes_find_one_directory(with_layer: Any, files: dict[str, str]) -> None:
    code = """
        import subprocess, threading

        said = []
        child = os.fork()
        threads = [threading.Thread(target=lambda: said.append(answer(context()))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if child == 0:
            os._exit(0 if said == ["accepted"] * 8 else 1)
        home = os.path.join(os.environ["KEEPALIVE_RUNTIME_DIR"], "ca")
        result = [said, os.waitpid(child, 0)[1], len(os.listdir(home)), answer(context())]
    """
    assert with_layer(code) == [["accepted"] * 8, 0, 1, "accepted"]


def test_bundles_that_are_made_up_anew_do_not_fill_the_disk(with_layer: Any, tmp_path: Path) -> None:
    code = """
        text = open(bundle).read()
        for number in range(20):
            assert answer(context(cadata=f"# {number}\\n{text}")) == "accepted"
        result = len(os.listdir(os.path.join(os.environ["KEEPALIVE_RUNTIME_DIR"], "ca")))
    """
    assert with_layer(code) == 8
