"""The process-wide pool of idle connections. Knows sockets and clocks, but no client library and no invocation."""
