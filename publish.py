"""Publishes dist/*.zip as layer versions and prints their ARNs: `make publish REGIONS="eu-central-1 us-east-1"`.

    python publish.py REGION ... [--name lambda-keepalive] [--share 123456789012 | o-abc123 | public] [--dry-run]

One layer for each architecture, named <name>-<architecture>. A zip whose content the newest version has already is not
published again, but shared with whom `--share` names. A region that fails does not keep the others from being tried;
the exit code is then 1.
"""

import argparse
import base64
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
ARCHITECTURES = ("x86_64", "arm64")
# The same as in template.yaml.
RUNTIMES = [
    *("python3.11", "python3.12", "python3.13", "python3.14"),
    *("nodejs20.x", "nodejs22.x", "nodejs24.x"),
]


@dataclass
class Published:
    """The outcome for one region and architecture: an ARN, or what went wrong."""

    region: str
    architecture: str
    arn: str
    state: str


def main() -> int:
    """Publish and print the table; returns the exit code."""
    arguments = parse()
    zips = {each: arguments.dist / f"lambda-keepalive-{each}.zip" for each in ARCHITECTURES}
    missing = [str(path) for path in zips.values() if not path.is_file()]
    if missing:
        print(f"publish: {', '.join(missing)} missing: run `make build`", file=sys.stderr)
        return 1
    outcomes = [
        publish(region, architecture, zips[architecture], arguments)
        for region in arguments.regions
        for architecture in ARCHITECTURES
    ]
    width = max(len(outcome.region) for outcome in outcomes)
    for outcome in outcomes:
        print(f"{outcome.region:{width}}  {outcome.architecture:6}  {outcome.state:14}  {outcome.arn}")
    return int(any(outcome.state == "failed" for outcome in outcomes))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regions", nargs="+", metavar="REGION", help="AWS regions")
    parser.add_argument("--name", default="lambda-keepalive", help="of the layers, before the architecture")
    parser.add_argument("--share", type=principal, action="append", default=[], help="account, organization or public")
    parser.add_argument("--dry-run", action="store_true", help="say what would be published; ask AWS nothing")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="where the zips are")
    parser.add_argument("--endpoint-url", help="another address of the service, for tests")
    return parser.parse_args()


def principal(text: str) -> dict[str, str]:
    """Whom a version is shared with, as AddLayerVersionPermission wants it."""
    if re.fullmatch(r"\d{12}", text):
        return {"StatementId": f"account-{text}", "Principal": text}
    if re.fullmatch(r"o-[a-z0-9]{10,32}", text):
        return {"StatementId": text, "Principal": "*", "OrganizationId": text}
    if text == "public":
        return {"StatementId": "public", "Principal": "*"}
    raise argparse.ArgumentTypeError(f"{text!r} is no account (12 digits), no organization (o-...) and not `public`")


def publish(region: str, architecture: str, path: Path, arguments: argparse.Namespace) -> Published:
    """Publish one zip in one region, unless its newest version is the same."""
    name = f"{arguments.name}-{architecture}"
    content = path.read_bytes()
    if arguments.dry_run:
        return Published(region, architecture, f"{name}, {len(content):,} bytes", "would publish")
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        functions = boto3.client("lambda", region_name=region, endpoint_url=arguments.endpoint_url)
        version = newest(functions, name)
        state = "unchanged"
        if version is None or version["Content"]["CodeSha256"] != sha256(content):
            state = "published"
            version = functions.publish_layer_version(
                LayerName=name,
                Description="Reuses HTTP connections across calls and invocations",
                Content={"ZipFile": content},
                CompatibleArchitectures=[architecture],
                CompatibleRuntimes=RUNTIMES,
                LicenseInfo="Apache-2.0",
            )
        for permission in arguments.share:
            share(functions, name, version["Version"], permission)
        return Published(region, architecture, version["LayerVersionArn"], state)
    except (BotoCoreError, ClientError, ValueError) as error:
        return Published(region, architecture, str(error), "failed")


def share(functions: Any, name: str, version: int, permission: dict[str, str]) -> None:
    """Let others use a version; one that is shared with them already stays so."""
    try:
        functions.add_layer_version_permission(
            LayerName=name, VersionNumber=version, Action="lambda:GetLayerVersion", **permission
        )
    except functions.exceptions.ResourceConflictException:
        # A statement of this name is there: an earlier run's.
        pass


def newest(functions: Any, name: str) -> dict[str, Any] | None:
    """The newest version of a layer, or None."""
    versions = functions.list_layer_versions(LayerName=name, MaxItems=1)["LayerVersions"]
    if not versions:
        return None
    version: dict[str, Any] = functions.get_layer_version(LayerName=name, VersionNumber=versions[0]["Version"])
    return version


def sha256(content: bytes) -> str:
    """As Lambda tells it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


if __name__ == "__main__":
    sys.exit(main())
