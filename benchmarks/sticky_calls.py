"""Calls of a Python function to a service behind a load balancer, as `benchmarks.sticky` times them.

    python -m benchmarks.sticky_calls WAY URL

An expert (`kept`) keeps the session, and with it the cookies.
"""

import sys

import requests

from benchmarks.answer import answer


def main() -> None:
    """Call whenever told to."""
    way, url = sys.argv[1:]
    get = requests.Session().get if way == "kept" else requests.get
    answer(lambda: get(url).content)


if __name__ == "__main__":
    main()
