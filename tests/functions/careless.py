"""Careless functions: each client in the patterns that people write, to be called by a handler that knows their names.

`per_call` marks what a function does for each call, `per_invocation` what it does for all calls of an invocation.
"""

HANDLER = """
    import asyncio
    import inspect

    PATTERNS = {}

    def per_call(pattern):
        PATTERNS[pattern.__name__] = pattern, True
        return pattern

    def per_invocation(pattern):
        PATTERNS[pattern.__name__] = pattern, False
        return pattern

    def handler(event, context):
        if "pattern" not in event:
            return list(PATTERNS)
        pattern, is_per_call = PATTERNS[event["pattern"]]
        url, calls = event["url"], event["calls"]
        if inspect.iscoroutinefunction(pattern):
            asyncio.run(several(pattern, url, calls) if is_per_call else pattern(url, calls))
        elif is_per_call:
            for _ in range(calls):
                pattern(url)
        else:
            pattern(url, calls)

    async def several(pattern, url, calls):
        for _ in range(calls):
            await pattern(url)
"""

FUNCTIONS = {
    "http.client": """
        import ssl
        from http.client import HTTPSConnection
        from urllib.parse import urlsplit

        @per_call
        def closed(url):
            connection = HTTPSConnection(urlsplit(url).netloc)
            connection.request("GET", "/bytes/10")
            assert connection.getresponse().read() == b"0123456789"
            connection.close()

        @per_call
        def left_behind(url):
            connection = HTTPSConnection(urlsplit(url).netloc)
            connection.request("POST", "/echo", body=b"{}")
            connection.getresponse().read()

        @per_call
        def with_a_context_of_its_own(url):
            connection = HTTPSConnection(urlsplit(url).netloc, context=ssl.create_default_context())
            connection.request("GET", "/chunked/3000")
            assert len(connection.getresponse().read()) == 3000
    """,
    "urllib.request": """
        import json
        import ssl
        from urllib.request import HTTPSHandler, Request, build_opener, urlopen

        @per_call
        def in_a_with_statement(url):
            with urlopen(url + "/bytes/10") as response:
                assert response.read() == b"0123456789"

        @per_call
        def loaded_as_json(url):
            json.load(urlopen(Request(url + "/echo", data=b"{}", headers={"X-Api-Key": "key"})))

        @per_call
        def with_a_context_of_its_own(url):
            urlopen(url, context=ssl.create_default_context()).read()

        @per_call
        def by_an_opener(url):
            build_opener(HTTPSHandler(context=ssl.create_default_context())).open(url).read()
    """,
    "urllib3": """
        import json
        import urllib3

        @per_call
        def by_a_manager(url):
            assert urllib3.PoolManager().request("GET", url + "/bytes/10").data == b"0123456789"

        @per_call
        def by_a_manager_in_a_with_statement(url):
            with urllib3.PoolManager(num_pools=1, maxsize=1, retries=urllib3.Retry(3)) as manager:
                manager.request("POST", url + "/echo", body=json.dumps({}).encode())

        @per_call
        def by_a_pool(url):
            host, port = url.removeprefix("https://").split(":")
            urllib3.HTTPSConnectionPool(host, int(port)).request("GET", "/gzip")

        @per_call
        def read_later(url):
            response = urllib3.PoolManager().request("GET", url + "/chunked/3000", preload_content=False)
            assert len(response.read()) == 3000
            response.release_conn()
    """,
    "requests": """
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        @per_call
        def by_a_function(url):
            assert requests.get(url + "/bytes/10", timeout=10).text == "0123456789"

        @per_call
        def by_a_session(url):
            with requests.Session() as session:
                session.headers["X-Api-Key"] = "key"
                session.post(url + "/echo", json={}).raise_for_status()

        @per_call
        def by_a_session_left_behind(url):
            requests.Session().get(url + "/chunked/3000").content

        @per_call
        def with_retries(url):
            session = requests.Session()
            session.mount("https://", HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.1)))
            session.get(url + "/gzip").json()

        @per_call
        def streamed(url):
            with requests.get(url + "/bytes/3000", stream=True) as response:
                assert sum(map(len, response.iter_content(1000))) == 3000
    """,
    "boto3": """
        import boto3

        @per_call
        def by_a_client(url):
            boto3.client("dynamodb", endpoint_url=url).get_item(TableName="items", Key={"id": {"S": "1"}})

        @per_call
        def by_a_resource(url):
            boto3.resource("dynamodb", endpoint_url=url).Table("items").get_item(Key={"id": "1"})

        @per_call
        def by_a_session(url):
            client = boto3.Session().client("dynamodb", endpoint_url=url)
            client.put_item(TableName="items", Item={"id": {"S": "1"}})

        @per_call
        def by_a_client_that_is_closed(url):
            client = boto3.client("dynamodb", endpoint_url=url)
            client.get_item(TableName="items", Key={"id": {"S": "1"}})
            client.close()
    """,
    "httpx": """
        import httpx

        @per_call
        def by_a_function(url):
            assert httpx.get(url + "/bytes/10", timeout=10).text == "0123456789"

        @per_call
        def by_a_client(url):
            with httpx.Client(base_url=url, headers={"X-Api-Key": "key"}) as client:
                client.post("/echo", json={}).raise_for_status()

        @per_call
        def by_a_client_left_behind(url):
            assert len(httpx.Client().get(url + "/chunked/3000").content) == 3000

        @per_call
        def by_a_transport(url):
            with httpx.Client(transport=httpx.HTTPTransport(retries=3)) as client:
                client.get(url + "/gzip").json()

        @per_call
        def streamed(url):
            with httpx.stream("GET", url + "/bytes/3000") as response:
                assert sum(map(len, response.iter_bytes(1000))) == 3000
    """,
}
