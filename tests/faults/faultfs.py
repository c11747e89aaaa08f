"""Steers faultfs.c and reads its records."""

import errno
import mmap
import os
import struct
from dataclasses import dataclass

# The order is faultfs.c's, too.
KINDS = ("open", "create", "write", "read", "sync", "sync directory", "rename", "unlink", "truncate", "mkdir", "close", "map",
         "lock")  # fmt: skip
SYNC_BEGINS = "sync begins"  # in records only
ACTIONS = ("fail", "short", "lose", "kill before", "kill half", "kill after")

FIELDS = ("operations", "kinds", "first", "count", "action", "error", "done", "space")
NAME_AT, NAME_BYTES = 8 * len(FIELDS), 64
TEXT_AT, TEXT_BYTES = NAME_AT + NAME_BYTES, 256
SEEN_AT = TEXT_AT + TEXT_BYTES
CONTROL_BYTES = SEEN_AT + 8 * len(KINDS)
FOR_EVER = 1 << 62

RECORD = struct.Struct("=QIIIIQQQ")

# What goes wrong with an operation in real life.
USUAL_ERRORS = {"create": errno.ENOSPC, "write": errno.ENOSPC, "mkdir": errno.ENOSPC, "open": errno.EMFILE, "lock": errno.EIO}


def library():
    """The path of the library that ./dev has built: beside the daemon."""
    default = os.path.join(os.path.dirname(os.path.abspath(os.environ.get("CUBBYD", "build/cubbyd"))), "tests", "faultfs.so")
    return os.environ.get("FAULTFS", default)


class FaultFs:
    """What stands between the daemons that are given its environment and their files in the directory. place: a directory
    elsewhere for its own files."""

    def __init__(self, directory, place, records=False):
        self._control_path = os.path.join(place, "faultfs.control")
        self.record_path = os.path.join(place, "faultfs.record") if records else None
        with open(self._control_path, "wb") as file:
            file.write(bytes(CONTROL_BYTES))
        with open(self._control_path, "r+b") as file:
            self._control = mmap.mmap(file.fileno(), CONTROL_BYTES)
        self.environment = {"LD_PRELOAD": library(), "FAULTFS_DIR": os.path.realpath(directory),
                            "FAULTFS_CONTROL": self._control_path}  # fmt: skip
        if records:
            open(self.record_path, "wb").close()
            self.environment["FAULTFS_RECORD"] = self.record_path
        # AddressSanitizer wants to be first; nothing of what it intercepts is lost when it is not.
        options = [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"]
        self.environment["ASAN_OPTIONS"] = ":".join(option for option in options if option)

    def get(self, field):
        return struct.unpack_from("=Q", self._control, 8 * FIELDS.index(field))[0]

    def _set(self, field, value):
        struct.pack_into("=Q", self._control, 8 * FIELDS.index(field), value)

    def seen(self):
        """Operations of each kind so far."""
        counts = struct.unpack_from(f"={len(KINDS)}Q", self._control, SEEN_AT)
        return dict(zip(KINDS, counts))

    def what(self):
        """The last operation that something was done to."""
        return self._control[TEXT_AT : TEXT_AT + TEXT_BYTES].split(b"\0")[0].decode()

    def arm(self, first, action="fail", error=errno.EIO, count=1, kinds=(), name=""):
        """From the first operation (from 1, counted from now on) the action is done to so many, of these kinds (of all when
        none is named), on files with the name in their path."""
        self.disarm()
        self._control[NAME_AT : NAME_AT + NAME_BYTES] = name.encode().ljust(NAME_BYTES, b"\0")
        self._set("kinds", sum(1 << KINDS.index(kind) for kind in kinds))
        self._set("action", ACTIONS.index(action))
        self._set("error", error)
        self._set("count", count)
        self._set("operations", 0)
        self._set("done", 0)
        self._set("first", first)

    def disarm(self):
        self._set("first", 0)

    def limit_space(self, left):
        """How many bytes the disk still has; None: there is no end."""
        self._set("space", 0 if left is None else left + 1)

    def close(self):
        self._control.close()


@dataclass
class Event:
    """What has changed on the disk. Paths are relative to the directory, which itself is ""."""

    time: float  # of the monotonic clock, when it was over
    kind: str
    path: str
    other: str  # of a rename: the new path
    sync: int  # which "sync begins" belongs to which end
    inode: int
    offset: int  # of a truncation: the new size
    data: bytes


def read_events(path):
    """The events of a record, in order."""
    with open(path, "rb") as file:
        record = file.read()
    events, at = [], 0
    while at + RECORD.size <= len(record):
        time, kind, path_length, other_length, sync, inode, offset, length = RECORD.unpack_from(record, at)
        at += RECORD.size
        texts = record[at : at + path_length + other_length].decode()
        at += path_length + other_length
        name = KINDS[kind] if kind < len(KINDS) else SYNC_BEGINS
        data = record[at : at + length]
        events.append(Event(time / 1e9, name, texts[:path_length], texts[path_length:], sync, inode, offset, data))
        at += length
    return events
