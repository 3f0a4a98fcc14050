"""What a function is made of, and the environment variables that its processes get from the platform."""

import functools
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .node_runtime import NodeRuntime

VAR_RUNTIME = Path(__file__).parent / "var_runtime"
REGION = "us-east-1"
ACCOUNT = "012345678912"

# Variables that the platform gives to the runtime but withholds from extensions (AWS Lambda Developer Guide,
# "Lambda Extensions API", environment variables), besides those that begin with "_".
RUNTIME_ONLY = frozenset(
    {
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",  # the emulator of AWS, Managed Instances part, environment.go
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
# What the bootstrap script here needs and the real one has built in; it takes them out of the environment
# again.
LOCAL_OPT = "LAMBDA_LOCAL_OPT"
LOCAL_PYTHON = "LAMBDA_LOCAL_PYTHON"
LOCAL_NODE = "LAMBDA_LOCAL_NODE"


@dataclass(frozen=True)
class FunctionConfiguration:
    """The settings of a function, named as in AWS's API where it has a name for them.

    `opt` is the directory that stands for /opt. `timeout` is in seconds, `memory` in megabytes (told to the
    function, not enforced). `max_concurrency` selects Managed Instances mode with so many concurrent
    invocations. With `node` it is a Node function, and `python` is not used.
    """

    handler: str
    task_root: Path
    opt: Path
    python: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    name: str = "function"
    memory: int = 128
    timeout: float = 30.0
    initialization_type: str = "on-demand"
    max_concurrency: int | None = None
    node: NodeRuntime | None = None

    @property
    def runtime_directory(self) -> Path:
        """What stands for /var/runtime."""
        return VAR_RUNTIME if self.node is None else self.node.runtime

    @property
    def workers(self) -> int:
        """How many of the runtime's workers ask for invocations at once; each of Node's may run several of them."""
        return int(self.environ.get("AWS_LAMBDA_NODEJS_WORKER_COUNT", self.max_concurrency or 1))

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def runtime_variables(self, api_address: str, log_socket: Path | None, home: Path) -> dict[str, str]:
        """The environment of the runtime, complete: nothing of the caller's but PATH.

        PYTHONPATH is not set, as on the platform: the bootstrap takes another branch where it is. HOME is
        one variable more than the platform sets: a directory that does not exist, as the home of Lambda's
        user does not, so that no settings of the developer (`~/.aws`, `~/.local`) get into the function.
        """
        variables = {
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": self.initialization_type,
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
            "AWS_LAMBDA_RUNTIME_API": api_address,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
            "_AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129",
            "_AWS_XRAY_DAEMON_PORT": "2000",
            "_HANDLER": self.handler,
            "LAMBDA_TASK_ROOT": str(self.task_root),
            "LAMBDA_RUNTIME_DIR": str(self.runtime_directory),
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "HOME": str(home),
            LOCAL_OPT: str(self.opt),
        }
        if self.node is None:
            variables[LOCAL_PYTHON] = str(versioned_interpreter(self.python))
        else:
            variables[LOCAL_NODE] = str(self.node.interpreter)
        if self.max_concurrency is not None:
            variables["AWS_LAMBDA_MAX_CONCURRENCY"] = str(self.max_concurrency)
            variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"  # the only one that Managed Instances have
        if log_socket is not None:
            variables["_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET"] = str(log_socket)
        variables.update({name: self._in_opt(value) for name, value in self.environ.items()})
        return variables

    def _in_opt(self, value: str) -> str:
        """Let a function keep the paths it has on the platform, such as AWS_LAMBDA_EXEC_WRAPPER=/opt/..."""
        return str(self.opt) + value.removeprefix("/opt") if value.startswith("/opt/") else value


def extension_variables(runtime_variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of an extension: the runtime's without what is withheld from extensions."""
    return {
        name: value
        for name, value in runtime_variables.items()
        if name not in RUNTIME_ONLY and not name.startswith("_") and name not in (LOCAL_OPT, LOCAL_PYTHON, LOCAL_NODE)
    }


@functools.cache
def versioned_interpreter(python: Path) -> Path:
    """The same interpreter by its versioned name: the one in the runtime's argv and AWS_EXECUTION_ENV."""
    if python == Path(sys.executable):
        major, minor = sys.version_info[:2]
    else:
        version = "import sys; print(*sys.version_info[:2])"
        shown = subprocess.run([python, "-I", "-c", version], capture_output=True, text=True, check=True).stdout
        major, minor = map(int, shown.split())
    versioned = python.with_name(f"python{major}.{minor}")
    if not versioned.exists():
        raise FileNotFoundError(f"{versioned} does not exist beside {python}")
    return versioned
