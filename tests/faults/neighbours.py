"""To be imported first: makes the modules of the other tests in Python importable."""

import os
import sys

_tests = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)
sys.path += [os.path.join(_tests, name) for name in ("differential", "clients")]
