"""A real nginx in front of the tests: what it says of its connections is nobody's model of a server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import run, tree  # noqa: F401 - fixtures
from tests.support.certificates import Authority

# `daemon off` keeps it our child; every path is below the test's directory, so that it needs no root.
CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        keepalive_timeout {keepalive_timeout};
        keepalive_requests {keepalive_requests};
        default_type application/json;
        location / {{ return 200 '{{"connection": $connection, "number": $connection_requests}}'; }}
    }}
}}
"""


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def free_port() -> int:
    """nginx takes no listening socket and cannot say which port 0 became; the test fails if somebody is faster."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def nginx(request: pytest.FixtureRequest, tmp_path: Path, authority: Authority) -> Iterator[str]:
    """The URL of an nginx with the settings in `@pytest.mark.parametrize("nginx", [{...}], indirect=True)`."""
    executable = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if executable is None:
        assert os.environ.get("CI") != "true", "nginx is not installed, and CI skips nothing"
        pytest.skip("nginx is not installed")
    certificate = authority.issue("localhost", "127.0.0.1").path
    settings = {"keepalive_timeout": "75s", "keepalive_requests": 1000, **getattr(request, "param", {})}
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(directory=tmp_path, port=port, certificate=certificate, **settings))
    process = subprocess.Popen([executable, "-c", str(configuration), "-p", str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                continue
        assert process.poll() is None, (tmp_path / "error.log").read_text()
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
