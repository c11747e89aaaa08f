"""Holds idle connections: idle.py PORT COUNT. Each has said PING once. Says "ready", then waits for the end of its
standard input."""

import signal
import socket
import sys

from client import ADDRESS, TIMEOUT

LIFETIME = 120  # seconds, should the benchmark have gone without closing standard input


def connect(port):
    connection = socket.create_connection((ADDRESS, port), TIMEOUT)
    connection.sendall(b"*1\r\n$4\r\nPING\r\n")
    if connection.recv(64) != b"+PONG\r\n":
        sys.exit("PING was not answered with PONG")
    return connection


def main():
    port, count = map(int, sys.argv[1:])
    signal.alarm(LIFETIME)
    connections = [connect(port) for _ in range(count)]
    print("ready", flush=True)
    sys.stdin.read()
    for connection in connections:
        connection.close()


if __name__ == "__main__":
    main()
