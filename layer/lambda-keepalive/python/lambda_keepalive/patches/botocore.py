"""Makes throw-away botocore clients (hence boto3's) as cheap as kept ones.

Seam: `Session.create_client`, and the end of a client. Why not one client for all callers: handlers, waiters, `close()`
and retry quotas of one caller would act on another. A client that died untouched leaves its parts to the next equal
one (`botocore_clients`). Versions: botocore 1.29.14 to 1.x with the private names that are used here. Connections are
urllib3's business.
"""

import botocore
import botocore.args
import botocore.client
import botocore.endpoint
import botocore.session
from botocore.client import BaseClient, ClientCreator, ClientMeta

from lambda_keepalive import botocore_clients
from lambda_keepalive.patching import PatchSkipped, add, replace, substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

try:
    from botocore.context import get_context  # botocore 1.36 and newer
except ImportError:

    def get_context() -> "Any":
        """Nothing: older versions have no context of calls."""
        return None


def _code_in_force() -> "tuple[Any, ...]":
    """The functions and classes that make a client, by the names under which people replace them."""
    return (
        BaseClient.__init__,
        ClientCreator.create_client,
        ClientCreator._create_client_class,
        ClientCreator._create_methods,
        ClientCreator._create_api_method,
        botocore.client.ClientCreator,
        botocore.client.ClientArgsCreator,
        botocore.args.ClientArgsCreator.get_client_args,
        botocore.args.EndpointCreator,
        botocore.args.RequestSigner,
        botocore.endpoint.URLLib3Session,
        botocore.endpoint.URLLib3Session.__init__,
    )


_known_code = _code_in_force()


def _create_client(original: "Any") -> "Any":
    def create_client(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        # Code that was put in place of botocore's may count clients or keep them; within a call, the features that
        # were used so far become part of the client's user agent (botocore/context.py).
        code = _code_in_force()
        if code != _known_code or get_context() is not None or type(self) is not botocore.session.Session:
            return original(self, *args, **kwargs)
        return botocore_clients.create(original, self, args, kwargs, code)

    return create_client


def _service_model_of_client(self: "Any") -> "Any":
    meta = self.meta
    return meta._service_model if type(meta) is ClientMeta else meta.service_model


def _service_model_of_meta(self: "Any") -> "Any":
    # Asked for by somebody, who may change it: an attribute more makes the client one that is not recycled.
    self._keepalive_asked = True
    return self._service_model


def install(module: "ModuleType") -> None:
    """Patch botocore, unless its version is unknown."""
    major, minor, patch = (int(part) for part in botocore.__version__.split(".")[:3])
    if major != 1 or (minor, patch) < (29, 14):
        raise PatchSkipped(f"botocore {botocore.__version__} is not between 1.29.14 and 1.x")
    if not botocore_clients.counts_references():
        raise PatchSkipped("this interpreter does not count references as CPython does")
    replace(module.Session, "create_client", _create_client)
    add(BaseClient, "__del__", botocore_clients.release)
    substitute(BaseClient, "_service_model", property(_service_model_of_client))
    substitute(ClientMeta, "service_model", property(_service_model_of_meta))
