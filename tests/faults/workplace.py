"""Where a test of faults works, and how it says what came of it."""

import contextlib
import os
import shutil
import tempfile


@contextlib.contextmanager
def workplace(name, keep):
    """The path of a directory that is removed afterwards; of `keep`, if that is given, which stays."""
    directory = os.path.abspath(keep or tempfile.mkdtemp(prefix=f"{name}-"))
    os.makedirs(directory, exist_ok=True)
    try:
        yield directory
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)


def run_tests(name, keep, *makers):
    """Runs what each maker makes of the directory: something with run(), passed and failed. Returns the exit status."""
    passed = failed = 0
    with workplace(name, keep) as directory:
        for make in makers:
            test = make(directory)
            test.run()
            passed, failed = passed + test.passed, failed + test.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
