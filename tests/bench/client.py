"""A small Redis client: one command at a time, and filling a server with keys."""

import socket

ADDRESS = "127.0.0.1"
TIMEOUT = 20  # seconds for one reply
BATCH = 1000  # commands sent together when a server is filled


class Client:
    def __init__(self, port):
        self._socket = socket.create_connection((ADDRESS, port), TIMEOUT)
        self._replies = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._replies.close()
        self._socket.close()

    def call(self, *words):
        """Sends a command; the bytes of its reply, which must be a status, a number or a bulk string."""
        parts = [word.encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        line = self._replies.readline().rstrip(b"\r\n")
        if line.startswith(b"$"):
            return self._replies.read(int(line[1:]) + 2)[:-2]
        if line[:1] not in (b"+", b":"):
            raise OSError(f"{words[0]} was answered with {line!r}")
        return line[1:]

    def fill(self, keys, value_length):
        """Sets the keys that redis-benchmark draws from with -r: key:000000000000 and so on, 16 bytes each."""
        form = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%%012d\r\n$%d\r\n%s\r\n" % (value_length, b"x" * value_length)
        for start in range(0, keys, BATCH):
            numbers = range(start, min(start + BATCH, keys))
            expected = b"+OK\r\n" * len(numbers)
            self._socket.sendall(b"".join([form % number for number in numbers]))
            if self._replies.read(len(expected)) != expected:
                raise OSError("SET was not answered with OK")
