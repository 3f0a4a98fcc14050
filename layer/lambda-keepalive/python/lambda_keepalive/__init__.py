"""lambda-keepalive: a connection outlives the client object that opened it.

The package lies in a private directory of the layer and imports nothing by itself.
`boot.start` is the only entry; read `boot`, then `transport`, then `pool.idle`.
"""

__version__ = "0.1.0"
