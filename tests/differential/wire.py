"""A connection that loses nothing of what it reads: each reply is kept as (type, value), so that two replies are equal
only when their bytes are.

The type is RESP's first byte. The value of an aggregate is a list of replies (of a map: keys and values in turn), of
anything else its bytes; None stands for RESP2's nulls ($-1 and *-1).
"""

import select
import socket
import time

DEADLINE = 20  # seconds for one reply
LONG = 80  # bytes; longer words are shown by their length and their start

AGGREGATES = b"*~>%|"
STRINGS = b"$="

CLOSED = (b"closed", b"")  # in the place of a reply: the server has ended the connection


class Silence(Exception):
    """No reply came before the deadline."""


class _Incomplete(Exception):
    pass


def encode(words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def _parse(data, position, strays):
    """The reply that starts at the position, and where the next one does. Messages that stand inside of the reply (Redis
    7.0 writes to a client that publishes to itself in a transaction) are appended to the strays."""
    end = data.find(b"\r\n", position)
    if end < 0:
        raise _Incomplete
    kind = bytes(data[position : position + 1])
    line = bytes(data[position + 1 : end])
    position = end + 2
    if kind not in AGGREGATES and kind not in STRINGS:
        return (kind, line), position
    count = int(line)
    if count < 0:
        return (kind, None), position
    if kind in STRINGS:
        if len(data) < position + count + 2:
            raise _Incomplete
        return (kind, bytes(data[position : position + count])), position + count + 2
    elements = []
    # An attribute is kept with the reply that follows it.
    wanted = {b"%": 2 * count, b"|": 2 * count + 1}.get(kind, count)
    while len(elements) < wanted:
        element, position = _parse(data, position, strays)
        (strays if is_message(element) else elements).append(element)
    return (kind, elements), position


def is_push(reply):
    return reply[0] == b">"


def is_message(reply):
    """Whether it is a push that belongs to no command: what has been published, or is no longer valid."""
    return is_push(reply) and reply[1][0][1] in (b"message", b"pmessage", b"smessage", b"invalidate")


def is_confirmation(reply):
    """Whether it is what SUBSCRIBE and its like answer, which is a push in RESP3."""
    return reply[1][0][1].endswith(b"subscribe")


class Connection:
    """A client of one server."""

    def __init__(self, port, protocol=2):
        self._socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = bytearray()
        self._strays = []
        self.closed = False
        self.protocol = protocol
        if protocol == 3:
            self.ask(b"HELLO", b"3")
        self.id = int(self.ask(b"CLIENT", b"ID")[1])

    def close(self):
        self._socket.close()
        self.closed = True

    def send(self, words):
        self.send_all([words])

    def send_all(self, commands):
        try:
            self._socket.sendall(b"".join(encode(words) for words in commands))
        except OSError:
            pass  # that the server has closed is what reading then finds

    def ask(self, *words):
        """One command, one reply."""
        self.send(words)
        return self.receive()

    def receive(self, deadline=DEADLINE):
        """The next reply, of whatever kind; Silence when there is none in time."""
        end = time.monotonic() + deadline
        while True:
            reply = self._next()
            if reply is not None:
                return reply
            if not self._fill(max(0, end - time.monotonic())):
                raise Silence

    def receive_available(self):
        """All replies that are there already."""
        while not self.closed and self._fill(0):
            pass
        replies = []
        while (reply := self._next()) is not None:
            replies.append(reply)
            if reply == CLOSED:
                break
        return replies

    def wait(self, seconds):
        """Waits until there is something to read."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def _next(self):
        """A reply out of what has been read; None when it is not complete."""
        if self._strays:
            return self._strays.pop(0)
        if self._read:
            strays = []
            try:
                reply, end = _parse(self._read, 0, strays)
            except _Incomplete:
                return CLOSED if self.closed else None
            del self._read[:end]
            self._strays = strays
            return reply
        return CLOSED if self.closed else None

    def _fill(self, seconds):
        """Reads once; whether anything came, the end included."""
        if self.closed or not self.wait(seconds):
            return False
        try:
            data = self._socket.recv(1 << 20)
        except OSError:
            data = b""
        if data:
            self._read += data
        else:
            self.close()
        return True


def text(reply):
    """A reply as a reader wants to see it, at most a few lines."""
    shown = _text(reply)
    return shown if len(shown) < 2000 else shown[:2000] + "..."


def _text(reply):
    if not isinstance(reply, tuple):
        return repr(reply)
    kind, value = reply
    if isinstance(value, list):
        return kind.decode() + "[" + ", ".join(_text(element) for element in value) + "]"
    return kind.decode() + (repr(value)[1:] if isinstance(value, bytes) else repr(value))


def words_text(words):
    return " ".join(_word_text(word) for word in words)


def _word_text(word):
    if not isinstance(word, bytes):
        return str(word)
    if len(word) > LONG:
        return f"<{len(word)} bytes that start with {_word_text(word[:8])}>"
    plain = word.isascii() and word.decode("ascii").isprintable() and word and b" " not in word and b'"' not in word
    if plain:
        return word.decode()
    return '"' + repr(word)[2:-1].replace('"', '\\"') + '"'
