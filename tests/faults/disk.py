"""A directory as a disk has it: what was synced is there after a power cut, of the rest perhaps something.

A file keeps the bytes that it had when an fsync of it began that succeeded. A name is in its directory when the directory
has been synced since it was made; a file whose name is not is lost. Of a rename between two directories it is enough that
one of them has been synced.
"""

import os
from dataclasses import dataclass, field

from faultfs import SYNC_BEGINS


@dataclass
class File:
    synced: bytes = b""
    pending: list = field(default_factory=list)  # events that have changed it since
    begun: dict = field(default_factory=dict)  # of a sync that is under way: how many of them it will take along


@dataclass
class Change:
    """Of names: those that are no more, and what is behind new ones (a File, or None for a directory)."""

    removed: list
    added: list  # (path, File or None)
    directories: set  # it is enough when one of them is synced


def _apply(data, event, length=None):
    """A file's bytes after an event; of a write only so many bytes of it."""
    if event.kind == "truncate":
        return data[: event.offset].ljust(event.offset, b"\0")
    written = event.data if length is None else event.data[:length]
    return data[: event.offset].ljust(event.offset, b"\0") + written + data[event.offset + len(written) :]


class Disk:
    """It begins with what is in the directory, all of it synced; events (faultfs.Event) change it."""

    def __init__(self, directory):
        self._names = {}  # path -> File, None for a directory; what programs see
        self._synced = {}  # the same as it was when the directories were synced
        self._changes = []  # between the two, in order
        self._begun = {}  # of syncs of directories under way: how many changes each may take along
        self._files = {}  # inode -> File
        for folder, folders, files in os.walk(directory):
            inside = os.path.relpath(folder, directory)
            for name in folders:
                self._names[os.path.normpath(os.path.join(inside, name))] = None
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found = File(file.read())
                self._names[os.path.normpath(os.path.join(inside, name))] = found
                self._files[os.stat(path).st_ino] = found
        self._synced = dict(self._names)

    def apply(self, event):
        if event.kind in ("write", "truncate"):
            self._files[event.inode].pending.append(event)
        elif event.kind == "create":
            self._files[event.inode] = File()
            self._change([], [(event.path, self._files[event.inode])])
        elif event.kind == "mkdir":
            self._change([], [(event.path, None)])
        elif event.kind == "unlink":
            self._change([event.path], [])
        elif event.kind == "rename":
            self._change([event.path], [(event.other, self._names[event.path])])
        elif event.kind == SYNC_BEGINS:
            self._begin_sync(event)
        elif event.kind == "sync":
            self._sync_file(event)
        elif event.kind == "sync directory":
            self._sync_directory(event)

    def _change(self, removed, added):
        directories = {os.path.dirname(path) for path in [*removed, *(path for path, _ in added)]}
        self._changes.append(Change(removed, added, directories))
        _rename(self._names, self._changes[-1])

    def _begin_sync(self, event):
        if event.inode in self._files:
            file = self._files[event.inode]
            file.begun[event.sync] = list(file.pending)
        # Of a directory nobody knows the inode; its changes are found by its path.
        self._begun[event.sync] = list(self._changes)

    def _sync_file(self, event):
        file = self._files[event.inode]
        self._begun.pop(event.sync)
        taken = file.begun.pop(event.sync)
        done = {id(change) for change in taken}
        for change in file.pending:
            if id(change) in done:
                file.synced = _apply(file.synced, change)
        file.pending = [change for change in file.pending if id(change) not in done]

    def _sync_directory(self, event):
        done = {id(change) for change in self._begun.pop(event.sync) if event.path in change.directories}
        for change in self._changes:
            if id(change) in done:
                _rename(self._synced, change)
        self._changes = [change for change in self._changes if id(change) not in done]

    def all_synced(self):
        """Whether there is nothing that a power cut could take."""
        return not self._changes and not any(file.pending for file in self._names.values() if file)

    # --- power cuts

    def write_least(self, directory):
        """Makes the directory with what surely is there after a power cut."""
        _write(directory, self._synced, lambda file: file.synced)

    def write_some(self, directory, chance):
        """The same with a part, at random, of what was not synced."""
        names = dict(self._synced)
        for change in self._changes:
            if chance.random() < 0.5:
                _rename(names, change)
        _write(directory, names, lambda file: _some(file, chance))

    def write_all(self, directory):
        """What programs see."""
        _write(directory, self._names, lambda file: _some(file, None))


def _rename(names, change):
    for path in change.removed:
        names.pop(path, None)
    for path, file in change.added:
        names[path] = file


def _some(file, chance):
    """The synced bytes and what came then, up to some moment; of the write at that moment a part. All without chance."""
    data = file.synced
    count = len(file.pending) if chance is None else chance.randint(0, len(file.pending))
    for event in file.pending[:count]:
        data = _apply(data, event)
    if count < len(file.pending) and file.pending[count].kind == "write":
        data = _apply(data, file.pending[count], chance.randint(0, len(file.pending[count].data)))
    return data


def _write(directory, names, content):
    os.makedirs(directory)
    folders = {path for path, file in names.items() if file is None} | {""}
    for path in sorted(folders, key=len):
        # A directory that is there in a directory that is not is lost with it.
        if path and os.path.dirname(path) in folders:
            os.makedirs(os.path.join(directory, path), exist_ok=True)
    for path, file in names.items():
        if file is not None and os.path.isdir(os.path.join(directory, os.path.dirname(path))):
            with open(os.path.join(directory, path), "wb") as output:
                output.write(content(file))
