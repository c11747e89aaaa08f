"""What random commands are made of: few keys, so that commands meet on them, and values at every edge.

All chance comes from the one generator of random numbers that a Words is made with.
"""

from dataclasses import dataclass

KEYS = (b"a", b"b", b"c", b"key:1", b"key:2", b"", b"\x00\r\n\xff", b"{tag}x")
DATABASES = 4  # of the sixteen that the servers have

INTEGERS = (
    b"0", b"1", b"-1", b"2", b"7", b"10", b"100", b"-100", b"9999", b"10000", b"2147483647", b"-2147483648",
    b"4294967296", b"9223372036854775806", b"9223372036854775807", b"-9223372036854775807", b"-9223372036854775808",
)  # fmt: skip
NO_INTEGERS = (
    b"", b" 1", b"1 ", b"01", b"+1", b"-0", b"1.0", b"1e3", b"0x10", b"abc", b"9223372036854775808",
    b"-9223372036854775809", b"18446744073709551616", b"\x00", b"1\x00", b"--1", b"-",
)  # fmt: skip
FLOATS = (
    b"0", b"1", b"-1", b"0.1", b"-0.25", b"3.0e3", b"1e-5", b"10.50", b"1e17", b"123456789.123456789", b"-1e10",
    b"0.00000000000000001", b"5e-324", b"1.7976931348623157e308", b"1e400", b"3.14159265358979",
)  # fmt: skip
NO_FLOATS = (b"nan", b"inf", b"-inf", b"1e5000", b"abc", b"", b" 1", b"1 ", b"1.5x", b"0x1p3", b"1,5")
OFFSETS = (b"0", b"1", b"-1", b"2", b"3", b"-2", b"5", b"-5", b"10", b"-10", b"44", b"100", b"-100")
TEXTS = (b"", b"a", b"hello", b"Hello World", b"ohmytext", b"mynewtext", b"x" * 44, b"x" * 45, b"\xff\xf0\x00", b"\x00",
         b"\x00\x00\x00", b"\xff\xff\xff", b"foobar", b"0" * 20, b"1" * 20, b"1" * 21)  # fmt: skip

FAR_SECONDS = (b"1000", b"5000", b"100000", b"2000000000")  # none of these ends while a test runs
FAR_UNIX_SECONDS = (b"2524608000", b"2524608001", b"4102444800")  # 2050 and 2100
PAST_UNIX_SECONDS = (b"1", b"1000000000")  # 1970 and 2001


@dataclass(frozen=True)
class Common:
    """What both servers have."""

    commands: frozenset  # full names: "get", "config|get"
    settings: frozenset


class Words:
    """Draws words."""

    def __init__(self, chance, common):
        self.chance = chance
        self.settings = common.settings
        self.commands = sorted(common.commands)

    # --- choices

    def one_of(self, *choices):
        return self.chance.choice(choices)

    def maybe(self, probability=0.5):
        return self.chance.random() < probability

    def some(self, draw, least=1, most=4):
        """A list of draws."""
        return [draw() for _ in range(self.chance.randint(least, most))]

    def option(self, *names):
        """An option's name, in upper or lower case."""
        name = self.chance.choice(names)
        return name.lower() if self.maybe(0.2) else name

    def options(self, *choices, probability=0.3):
        """Each choice (a list of words) with the probability, in any order."""
        chosen = [choice for choice in choices if self.maybe(probability)]
        self.chance.shuffle(chosen)
        return [word for choice in chosen for word in choice]

    # --- words

    def key(self):
        return self.chance.choice(KEYS)

    def keys(self, least=1, most=4):
        return self.some(self.key, least, most)

    def database(self):
        return b"%d" % self.chance.randrange(DATABASES)

    def integer(self):
        if self.maybe(0.5):
            return b"%d" % self.chance.randint(-20, 100)
        return self.chance.choice(INTEGERS)

    def small(self, most=20):
        return b"%d" % self.chance.randint(0, most)

    def offset(self):
        return self.chance.choice(OFFSETS) if self.maybe(0.9) else self.integer()

    def floating(self):
        return self.chance.choice(FLOATS) if self.maybe(0.9) else self.chance.choice(NO_FLOATS)

    def text(self):
        if self.maybe(0.6):
            return self.chance.choice(TEXTS)
        return self.chance.randbytes(self.chance.randint(0, 60))

    def value(self):
        kind = self.chance.random()
        if kind < 0.4:
            return self.integer()
        if kind < 0.5:
            return self.chance.choice(FLOATS)
        if kind < 0.55:
            return self.chance.choice(NO_INTEGERS)
        if kind < 0.57:
            return bytes([self.chance.randrange(256)]) * self.chance.randint(200, 20000)
        return self.text()

    def garbage(self):
        """A word that hardly fits anywhere."""
        return self.chance.choice(self.one_of(NO_INTEGERS, INTEGERS, NO_FLOATS, TEXTS))

    # --- times

    def seconds(self):
        if self.maybe(0.85):
            return self.chance.choice(FAR_SECONDS)
        return self.one_of(b"0", b"-1", b"-1000", *NO_INTEGERS, *INTEGERS[-6:])

    def milliseconds(self):
        return self.seconds() + b"000"

    def unix_seconds(self):
        if self.maybe(0.75):
            return self.chance.choice(FAR_UNIX_SECONDS)
        if self.maybe(0.6):
            return self.chance.choice(PAST_UNIX_SECONDS)
        return self.one_of(b"0", b"-1", *NO_INTEGERS, *INTEGERS[-6:])

    def unix_milliseconds(self):
        return self.unix_seconds() + (b"000" if self.maybe(0.9) else b"")

    def lifetime(self):
        """One of the options that SET and GETEX give a time with."""
        unit, draw = self.one_of(
            (b"EX", self.seconds), (b"PX", self.milliseconds),
            (b"EXAT", self.unix_seconds), (b"PXAT", self.unix_milliseconds),
        )  # fmt: skip
        return [self.option(unit), draw()]

    # --- whole commands

    def spoil(self, words, spared):
        """The command with something wrong in it, most of the time, but not in the first words, which name it."""
        spoiled = list(words)
        at = self.chance.randrange(spared, len(spoiled) + 1)
        how = self.chance.random()
        if how < 0.25:
            return spoiled[:at]
        if how < 0.4 or at == len(spoiled):
            return spoiled[:at] + [self.garbage()] + spoiled[at:]
        if how < 0.5:
            return spoiled[:at] + [self.chance.choice(spoiled)] + spoiled[at:]
        if how < 0.6:
            return spoiled[:at] + spoiled[at + 1 :]
        spoiled[at] = self.garbage()
        return spoiled
