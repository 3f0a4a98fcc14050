"""A request as botocore's clients with default settings send it, but without a service, a region or credentials: for
what has to be known before the first of them is made. Follows botocore/args.py, get_client_args."""

import socket
import types

from botocore.awsrequest import AWSRequest
from botocore.endpoint import EndpointCreator
from botocore.session import get_session


def send(url: str, timeout: float) -> None:
    """Send an unsigned GET. `timeout` in seconds, for each step.

    Raises what botocore's HTTP session raises.
    """
    endpoint = EndpointCreator(None).create_endpoint(
        types.SimpleNamespace(endpoint_prefix=""),
        region_name="",
        endpoint_url=url,
        verify=get_session().get_config_variable("ca_bundle"),
        timeout=timeout,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )
    endpoint.http_session.send(AWSRequest(method="GET", url=url).prepare())
