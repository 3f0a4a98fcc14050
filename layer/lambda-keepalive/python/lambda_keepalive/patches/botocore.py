"""Makes throw-away botocore clients (hence boto3's) as cheap as kept ones.

Seam: `Session.create_client`, and the end of a client. Why not one client for all callers: handlers, waiters, `close()`
and retry quotas of one caller would act on another. A client that died untouched leaves its parts to the next equal
one (`botocore_clients`). Versions: botocore 1.29.14 to 1.x with the private names that are used here. Connections are
urllib3's business.
"""

import os
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import FunctionType, MethodType

import botocore
import botocore.args
import botocore.client
import botocore.endpoint
import botocore.hooks
import botocore.loaders
import botocore.session
from botocore.client import BaseClient, ClientCreator, ClientMeta
from botocore.loaders import JSONFileLoader, Loader
from botocore.regions import EndpointResolver

from lambda_keepalive import botocore_clients, guard
from lambda_keepalive.botocore_models import Endpoints, EventNames, Files, Services
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


_extensions = tuple(botocore.loaders._JSON_OPEN_METHODS)
_files = Files()
_endpoints = Endpoints()
_event_names = EventNames(botocore.hooks.EVENT_ALIASES)
_services = Services((Loader.BUILTIN_DATA_PATH, os.path.join(os.path.dirname(botocore.BOTOCORE_ROOT), "boto3", "data")))


def _load_file(original: "Any") -> "Any":
    def load_file(self: "Any", file_path: "Any") -> "Any":
        if type(self) is not JSONFileLoader or type(file_path) is not str:
            return original(self, file_path)
        try:
            return _files.load(lambda path: original(self, path), file_path, _extensions)
        except Exception:  # noqa: BLE001
            content = original(self, file_path)
            guard.fault("botocore files")
            return content

    return load_file


def _list_available_services(original: "Any") -> "Any":
    def list_available_services(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        if type(self) is not Loader or type(self.file_loader) is not JSONFileLoader:
            return original(self, *args, **kwargs)
        try:
            return _services.list(original, self, args, kwargs)
        except Exception:  # noqa: BLE001
            services = original(self, *args, **kwargs)
            guard.fault("botocore services")
            return services

    return list_available_services


def _alias_event_name(original: "Any") -> "Any":
    def _alias_event_name(self: "Any", event_name: "Any") -> "Any":
        try:
            return _event_names.resolve(original, self, event_name)
        except Exception:  # noqa: BLE001
            # If it was the original's own exception, it comes again.
            name = original(self, event_name)
            guard.fault("botocore events")
            return name

    return _alias_event_name


def _accepts_kwargs(original: "Any") -> "Any":
    def accepts_kwargs(func: "Any") -> "Any":
        # What inspect.getfullargspec says of a plain function or method, 150 times for each session.
        function = func.__func__ if type(func) is MethodType else func
        if type(function) is FunctionType and "__signature__" not in function.__dict__:
            code = function.__code__
            if not code.co_flags & CO_VARKEYWORDS:
                return None
            named = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & CO_VARARGS)
            return code.co_varnames[named]
        return original(func)

    return accepts_kwargs


def _register_endpoint_resolver(original: "Any") -> "Any":
    def _register_endpoint_resolver(self: "Any") -> None:
        original(self)
        deferred = self._internal_components._deferred
        create = deferred["endpoint_resolver"]

        def create_default_resolver() -> "Any":
            loader = self.get_component("data_loader")
            if type(loader) is Loader and type(loader.file_loader) is JSONFileLoader:
                try:
                    shared = _endpoints.share(loader, _extensions, loader.file_loader.load_file)
                    if shared is not None:
                        resolver = EndpointResolver(shared[0], uses_builtin_data=True)
                        loader._keepalive_lent = resolver
                        return resolver
                except Exception:  # noqa: BLE001
                    guard.fault("botocore endpoints")
            return create()

        deferred["endpoint_resolver"] = create_default_resolver

    return _register_endpoint_resolver


def _load_data_with_path(original: "Any") -> "Any":
    def load_data_with_path(self: "Any", name: "Any") -> "Any":
        found = original(self, name)
        if name == "endpoints":
            _own_endpoints(self, found[0])
        return found

    return load_data_with_path


def _own_endpoints(loader: "Any", table: "Any") -> None:
    """Take the shared table away from the resolver of a session that uses this loader."""
    resolver = vars(loader).pop("_keepalive_lent", None)
    if resolver is not None:
        resolver._endpoint_data = table


def _get_component(original: "Any") -> "Any":
    def get_component(self: "Any", name: "Any") -> "Any":
        if name == "endpoint_resolver":
            self.get_component("data_loader").load_data_with_path("endpoints")
        return original(self, name)

    return get_component


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
    replace(JSONFileLoader, "load_file", _load_file)
    replace(Loader, "list_available_services", _list_available_services)
    replace(Loader, "load_data_with_path", _load_data_with_path)
    replace(module.Session, "_register_endpoint_resolver", _register_endpoint_resolver)
    replace(module.Session, "get_component", _get_component)
    replace(botocore.hooks.EventAliaser, "_alias_event_name", _alias_event_name)
    replace(botocore.hooks, "accepts_kwargs", _accepts_kwargs)
    substitute(ClientMeta, "service_model", property(_service_model_of_meta))
