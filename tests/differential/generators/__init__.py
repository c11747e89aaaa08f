"""The generators, one module for each group of commands. Importing the package registers all of them."""

from . import bits, connection, expiry, keys, pubsub, server, strings, tracking, transactions
