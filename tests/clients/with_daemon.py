"""Runs a command with a cubbyd of its own: with_daemon.py COMMAND [ARGUMENTS].

The command finds the port of 127.0.0.1 in CUBBY_PORT. Afterwards the daemon must end with exit status 0 after SIGTERM;
its log is shown when anything failed. CUBBYD names the daemon (default build/cubbyd) and CUBBY_TEST_THREADS its threads
(default 4); CUBBY_TEST_REDIS=1 takes redis-server instead, to see whether an expectation is Redis's own.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE = 20  # seconds


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def redis_command():
    port = free_port()
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], port


def cubby_command():
    daemon = os.path.abspath(os.environ.get("CUBBYD", "build/cubbyd"))
    threads = os.environ.get("CUBBY_TEST_THREADS", "4")
    return [daemon, "--port", "0", "--bind", "127.0.0.1", "--log-format", "json", "--threads", threads], None


def ready_port(log):
    """The port of the log's line that says ready; None while there is none."""
    for line in log.splitlines(keepends=True):
        if '"msg":"ready"' in line and line.endswith("\n"):
            return json.loads(line)["port"]
    return None


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), DEADLINE).close()
        return True
    except OSError:
        return False


def wait_ready(daemon, log_path, port):
    """Waits for the daemon and returns its port; None when it did not start."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end and daemon.poll() is None:
        if port is None:
            with open(log_path, encoding="utf-8") as log:
                port = ready_port(log.read())
        if port is not None and accepts(port):
            return port
        time.sleep(0.01)
    return None


def end(daemon):
    """Ends the daemon; whether it ended well."""
    daemon.terminate()
    try:
        return daemon.wait(DEADLINE) == 0
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
        return False


def run(command):
    """Runs the command beside a daemon and returns the exit status."""
    start, port = redis_command() if os.environ.get("CUBBY_TEST_REDIS") == "1" else cubby_command()
    with tempfile.TemporaryDirectory() as directory:
        log_path = os.path.join(directory, "output.log")
        with open(log_path, "w", encoding="utf-8") as log:
            daemon = subprocess.Popen(start, cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        status = 1
        try:
            port = wait_ready(daemon, log_path, port)
            if port is not None:
                status = subprocess.run(command, env={**os.environ, "CUBBY_PORT": str(port)}).returncode
        finally:
            ended_well = end(daemon)
        if status != 0 or not ended_well:
            with open(log_path, encoding="utf-8", errors="replace") as log:
                print(f"---- the daemon's log, exit status {daemon.returncode}\n{log.read()[-8192:]}----")
            return status or 1
        return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
