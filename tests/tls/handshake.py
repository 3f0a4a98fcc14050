"""What a client's context says of a server's chain, found out in memory: no socket, no thread."""

from __future__ import annotations

import ssl


def verdict(context: ssl.SSLContext, chain: str, host: str, **server: object) -> str | list[object]:
    """`accepted`, or the code and the words of the refusal."""
    context_of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context_of_server.set_ciphers("DEFAULT:@SECLEVEL=0")
    context_of_server.load_cert_chain(chain)
    for setting, value in server.items():
        setattr(context_of_server, setting, value)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(down, up, server_hostname=host)
    assert client.context is context
    peer = context_of_server.wrap_bio(up, down, server_side=True)
    waiting = [client, peer]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)
        except ssl.SSLCertVerificationError as error:
            return [error.verify_code, error.verify_message, str(error).partition("(")[0]]
        except ssl.SSLError as error:
            return [type(error).__name__, error.reason]
    return "accepted"
