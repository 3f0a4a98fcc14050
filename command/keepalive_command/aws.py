"""boto3, loaded when it is needed, and its errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keepalive_command.errors import CommandError, Exit

_ADVICE = {
    "ResourceNotFoundException": "check the name, --region and --profile",
    "AccessDeniedException": "the command needs the permission that the message names",
    "AccessDenied": "the command needs the permission that the message names",
    "UnrecognizedClientException": "the credentials are of another partition or revoked",
    "ExpiredTokenException": "sign in again",
    "ExpiredToken": "sign in again",
    "ThrottlingException": "ask for a shorter time range",
}


def add_arguments(parser: Any) -> None:
    """Which account and region."""
    group = parser.add_argument_group("AWS")
    group.add_argument("--region", help="AWS region (else as the AWS CLI finds it)")
    group.add_argument("--profile", help="profile of ~/.aws/config")
    group.add_argument("--endpoint-url", help="another address of the service, for tests")


def client(service: str, *, region: str | None, profile: str | None, endpoint_url: str | None) -> Any:
    """A boto3 client.

    Raises:
        CommandError: no region, no such profile.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.Session(profile_name=profile, region_name=region).client(service, endpoint_url=endpoint_url)
    except (BotoCoreError, ValueError) as error:
        raise CommandError(str(error), "--region, --profile, or `aws configure`", Exit.AWS) from None


@contextmanager
def refused(what: str) -> Iterator[None]:
    """Turn AWS's errors into ours.

    Raises:
        CommandError: with the service's own words.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise CommandError(f"{what}: {error}", _ADVICE.get(code, ""), Exit.AWS) from None
    except BotoCoreError as error:
        message = " ".join(str(error).split())  # some have several lines
        raise CommandError(f"{what}: {message}", "check credentials, --region and the network", Exit.AWS) from None
