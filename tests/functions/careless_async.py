"""Careless functions as in `careless`, of async clients and of the SDKs that stand on httpx."""

FUNCTIONS = {
    "httpx, async": """
        import httpx

        @per_call
        async def by_a_client(url):
            async with httpx.AsyncClient() as client:
                assert (await client.get(url + "/bytes/10")).text == "0123456789"

        @per_invocation
        async def by_a_client_per_invocation(url, calls):
            async with httpx.AsyncClient(base_url=url) as client:
                for _ in range(calls):
                    await client.post("/echo", json={})

        @per_invocation
        async def by_a_client_left_behind(url, calls):
            client = httpx.AsyncClient()
            for _ in range(calls):
                assert len((await client.get(url + "/chunked/3000")).content) == 3000

        @per_call
        async def streamed(url):
            async with httpx.AsyncClient() as client, client.stream("GET", url + "/bytes/3000") as response:
                assert sum([len(part) async for part in response.aiter_bytes(1000)]) == 3000

        @per_call
        def in_a_loop_per_call(url):
            asyncio.run(by_a_client(url))
    """,
    "aiohttp": """
        import aiohttp

        @per_call
        async def by_a_function(url):
            async with aiohttp.request("GET", url + "/bytes/10") as response:
                assert await response.text() == "0123456789"

        @per_call
        async def by_a_session(url):
            async with aiohttp.ClientSession() as session, session.get(url + "/bytes/10") as response:
                assert await response.text() == "0123456789"

        @per_invocation
        async def by_a_session_per_invocation(url, calls):
            async with aiohttp.ClientSession(url, headers={"X-Api-Key": "key"}) as session:
                for _ in range(calls):
                    async with session.post("/echo", json={}) as response:
                        await response.json()

        @per_call
        async def by_a_connector(url):
            connector = aiohttp.TCPConnector(limit=1)
            async with aiohttp.ClientSession(connector=connector) as session:
                async with session.get(url + "/chunked/3000") as response:
                    assert len(await response.read()) == 3000

        @per_call
        async def streamed(url):
            async with aiohttp.ClientSession() as session, session.get(url + "/bytes/3000") as response:
                assert sum([len(part) async for part in response.content.iter_chunked(1000)]) == 3000

        @per_call
        def in_a_loop_per_call(url):
            asyncio.run(by_a_session(url))
    """,
    "openai": """
        import httpx
        import openai

        @per_call
        def by_a_client(url):
            client = openai.OpenAI(api_key="key", base_url=url + "/echo")
            client.post("/chat/completions", body={"model": "any", "messages": []}, cast_to=httpx.Response)

        @per_call
        def in_a_with_statement(url):
            with openai.OpenAI(api_key="key", base_url=url + "/echo", max_retries=0) as client:
                client.get("/models", cast_to=httpx.Response)

        @per_call
        async def async_client(url):
            async with openai.AsyncOpenAI(api_key="key", base_url=url + "/echo") as client:
                await client.post("/chat/completions", body={"model": "any", "messages": []}, cast_to=httpx.Response)

        @per_invocation
        async def async_client_per_invocation(url, calls):
            client = openai.AsyncOpenAI(api_key="key", base_url=url + "/echo")
            for _ in range(calls):
                await client.get("/models", cast_to=httpx.Response)
    """,
    "anthropic": """
        import anthropic
        import httpx

        @per_call
        def by_a_client(url):
            client = anthropic.Anthropic(api_key="key", base_url=url + "/echo")
            client.post("/v1/messages", body={"model": "any", "messages": []}, cast_to=httpx.Response)

        @per_call
        async def async_client(url):
            async with anthropic.AsyncAnthropic(api_key="key", base_url=url + "/echo") as client:
                await client.post("/v1/messages", body={"model": "any", "messages": []}, cast_to=httpx.Response)
    """,
}
