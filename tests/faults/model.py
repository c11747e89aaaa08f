"""What a client's databases hold, as far as its own history tells: the model that a daemon is compared with after a crash.

A State is one possibility. Only times make several: whether a key was dead when a command came is not known to the
millisecond, so step() splits a state into the one with the key and the one without, and drops those whose reply is not
the one that came. A time to live is an interval (from, to) of unix milliseconds, since a relative one counts from the
moment at which the server looked at its clock.

Databases belong to one client each, but for the one with what all share (SHARED_DB): of that a client's model knows its
own key, and the commands on keys whose names start with SHARED are nothing to it.
"""

import re
from decimal import Decimal

SHARED_DB = 15
SHARED = b"shared:"
# A loop looks at its clock when it wakes up, and may find a command that was sent after that.
EARLIER = 500  # milliseconds

OK = (b"+", b"OK")
NULL = (b"$", None)
NO_INTEGER = (b"-", b"ERR value is not an integer or out of range")
NO_FLOAT = (b"-", b"ERR value is not a valid float")
OVERFLOW = (b"-", b"ERR increment or decrement would overflow")
SAME_OBJECT = (b"-", b"ERR source and destination objects are the same")
NO_SUCH_KEY = (b"-", b"ERR no such key")
ANY = (b"any", None)  # a reply that depends on others

INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")
FLOAT = re.compile(rb"-?[0-9]{1,15}(\.[0-9]{1,4})?")


def number(value):
    return (b":", b"%d" % value)


def bulk(value):
    return (b"$", value)


class State:
    """Keys with their values and times to live, and the database that the client has selected."""

    def __init__(self, data=None, selected=0):
        self.data = data if data is not None else {}  # (database, key) -> (value, life); life: None or (from, to)
        self.selected = selected
        # For matches(): the places that are not as observed, and the ones to be looked at again; None: all of them.
        self._wrong = set()
        self._changed = None

    def copy(self):
        other = State(dict(self.data), self.selected)
        other._wrong = set(self._wrong)
        other._changed = None if self._changed is None else set(self._changed)
        return other

    def same(self, other):
        return self.selected == other.selected and self.data == other.data

    def value(self, key):
        found = self.data.get((self.selected, key))
        return found and found[0]

    def life(self, key):
        found = self.data.get((self.selected, key))
        return found and found[1]

    def put(self, key, value, life=None):
        self.put_at((self.selected, key), (value, life))

    def change(self, key, value):
        """Another value, the same time to live."""
        self.put(key, value, self.life(key))

    def remove(self, key):
        return self.take_at((self.selected, key)) is not None

    def put_at(self, place, found):
        self.data[place] = found
        if self._changed is not None:
            self._changed.add(place)

    def take_at(self, place):
        """Removes what is there and gives it."""
        if self._changed is not None:
            self._changed.add(place)
        return self.data.pop(place, None)

    def replace_all(self, data):
        self.data = data
        self._changed = None

    def matches(self, observed, until):
        """Whether differing() finds nothing; always to be asked about the same observation."""
        if self._changed is None:
            self._wrong = set(differing(self, observed, until))
        else:
            for place in self._changed:
                is_good = _is_seen(self.data.get(place), observed.get(place), until)
                (self._wrong.discard if is_good else self._wrong.add)(place)
        self._changed = set()
        return not self._wrong

    def settled(self, places, window):
        """The states that there are when each of the places is known to be dead or alive at the time of the window; this
        one, changed, is the first of them."""
        states = [self]
        for place in places:
            life = self.data[place][1] if place in self.data else None
            if life is None or life[0] > window[1]:
                continue
            perhaps = life[1] > window[0]
            dead = [state.copy() for state in states] if perhaps else states
            for state in dead:
                state.take_at(place)
            states = states + dead if perhaps else dead
        return states


# --- commands: (state, words, window) -> reply ----------------------------------------------------------------------------


def _from_now(window, milliseconds):
    return (window[0] + milliseconds, window[1] + milliseconds)


def _life(option, word, window):
    """The time to live that EX, PX, EXAT or PXAT gives."""
    count = int(word) * (1000 if option in (b"EX", b"EXAT") else 1)
    return (count, count) if option in (b"EXAT", b"PXAT") else _from_now(window, count)


def _set(state, words, window):
    key, value = words[1:3]
    options = dict.fromkeys(words[3:])
    life = state.life(key) if b"KEEPTTL" in options else None
    for option, word in zip(words[3:], words[4:]):
        if option in (b"EX", b"PX", b"EXAT", b"PXAT"):
            life = _life(option, word, window)
    old = state.value(key)
    refused = (b"NX" in options and old is not None) or (b"XX" in options and old is None)
    if not refused:
        state.put(key, value, life)
    if b"GET" in options:
        return bulk(old)
    return NULL if refused else OK


def _setnx(state, words, _window):
    if state.value(words[1]) is not None:
        return number(0)
    state.put(words[1], words[2])
    return number(1)


def _setex(state, words, window):
    state.put(words[1], words[3], _life(b"EX", words[2], window))
    return OK


def _psetex(state, words, window):
    state.put(words[1], words[3], _life(b"PX", words[2], window))
    return OK


def _get(state, words, _window):
    return bulk(state.value(words[1]))


def _getset(state, words, _window):
    old = state.value(words[1])
    state.put(words[1], words[2])
    return bulk(old)


def _getdel(state, words, _window):
    old = state.value(words[1])
    state.remove(words[1])
    return bulk(old)


def _getex(state, words, window):
    old = state.value(words[1])
    if old is not None and len(words) > 2:
        state.put(words[1], old, None if words[2] == b"PERSIST" else _life(words[2], words[3], window))
    return bulk(old)


def _append(state, words, _window):
    value = (state.value(words[1]) or b"") + words[2]
    state.change(words[1], value)
    return number(len(value))


def _overwrite(old, at, part):
    old = old or b""
    return old[:at].ljust(at, b"\0") + part + old[at + len(part) :]


def _setrange(state, words, _window):
    value = _overwrite(state.value(words[1]), int(words[2]), words[3])
    state.change(words[1], value)
    return number(len(value))


def _strlen(state, words, _window):
    return number(len(state.value(words[1]) or b""))


def _add(state, key, count):
    old = b"0" if state.value(key) is None else state.value(key)
    if not INTEGER.fullmatch(old) or not -(1 << 63) <= int(old) < 1 << 63:
        return NO_INTEGER
    if not -(1 << 63) <= int(old) + count < 1 << 63:
        return OVERFLOW
    state.change(key, b"%d" % (int(old) + count))
    return number(int(old) + count)


def _incr(state, words, _window):
    return _add(state, words[1], 1)


def _incrby(state, words, _window):
    return _add(state, words[1], int(words[2]))


def _decrby(state, words, _window):
    return _add(state, words[1], -int(words[2]))


def _incrbyfloat(state, words, _window):
    """Only for values that are short decimal numbers; of others the generator does not ask it."""
    old = b"0" if state.value(words[1]) is None else state.value(words[1])
    if not FLOAT.fullmatch(old):
        return NO_FLOAT
    total = Decimal(old.decode()) + Decimal(words[2].decode())
    text = format(total, "f")
    text = (text.rstrip("0").rstrip(".") if "." in text else text).encode()
    text = b"0" if text == b"-0" else text
    state.change(words[1], text)
    return bulk(text)


def _setbit(state, words, _window):
    at, bit = divmod(int(words[2]), 8)
    old = state.value(words[1]) or b""
    byte = old[at] if at < len(old) else 0
    mask = 0x80 >> bit
    state.change(words[1], _overwrite(old, at, bytes([byte | mask if words[3] == b"1" else byte & ~mask])))
    return number(1 if byte & mask else 0)


def _bitfield(state, words, _window):
    """SET and INCRBY of u8 at #N."""
    replies = []
    for what, _kind, at, argument in zip(*[iter(words[2:])] * 4):
        at = int(at[1:])
        old = state.value(words[1]) or b""
        byte = old[at] if at < len(old) else 0
        new = (int(argument) + (byte if what == b"INCRBY" else 0)) & 0xFF
        state.change(words[1], _overwrite(old, at, bytes([new])))
        replies.append(number(byte if what == b"SET" else new))
    return (b"*", replies)


def _bitop(state, words, _window):
    sources = [state.value(key) or b"" for key in words[3:]]
    length = max(map(len, sources))
    numbers = [int.from_bytes(source.ljust(length, b"\0"), "big") for source in sources]
    result = numbers[0]
    for other in numbers[1:]:
        result = {b"AND": result & other, b"OR": result | other, b"XOR": result ^ other}[words[1]]
    if words[1] == b"NOT":
        result ^= (1 << 8 * length) - 1
    state.remove(words[2])
    if length:
        state.put(words[2], result.to_bytes(length, "big"))
    return number(length)


def _mset(state, words, _window):
    for key, value in zip(words[1::2], words[2::2]):
        state.put(key, value)
    return OK


def _msetnx(state, words, window):
    if any(state.value(key) is not None for key in words[1::2]):
        return number(0)
    _mset(state, words, window)
    return number(1)


def _mget(state, words, _window):
    return (b"*", [bulk(state.value(key)) for key in words[1:]])


def _del(state, words, _window):
    return number(sum(state.remove(key) for key in words[1:]))


def _exists(state, words, _window):
    return number(sum(state.value(key) is not None for key in words[1:]))


def _expire_with(state, words, life):
    old = state.value(words[1])
    condition = words[3] if len(words) > 3 else None
    has_life = state.life(words[1]) is not None
    if old is None or (condition == b"NX" and has_life) or (condition == b"XX" and not has_life):
        return number(0)
    state.put(words[1], old, life)
    return number(1)


def _expire(state, words, window):
    return _expire_with(state, words, _life(b"EX", words[2], window))


def _pexpire(state, words, window):
    return _expire_with(state, words, _life(b"PX", words[2], window))


def _pexpireat(state, words, window):
    return _expire_with(state, words, _life(b"PXAT", words[2], window))


def _persist(state, words, _window):
    if state.life(words[1]) is None:
        return number(0)
    state.put(words[1], state.value(words[1]))
    return number(1)


def _rename(state, words, _window):
    found = state.take_at((state.selected, words[1]))
    if found is None:
        return NO_SUCH_KEY
    state.put_at((state.selected, words[2]), found)
    return OK


def _renamenx(state, words, window):
    if state.value(words[1]) is None:
        return NO_SUCH_KEY
    if state.value(words[2]) is not None:
        return number(0)
    _rename(state, words, window)
    return number(1)


def _copy(state, words, _window):
    """COPY from to DB n [REPLACE]"""
    target = (int(words[4]), words[2])
    if target == (state.selected, words[1]):
        return SAME_OBJECT
    found = state.data.get((state.selected, words[1]))
    if found is None or (target in state.data and words[-1] != b"REPLACE"):
        return number(0)
    state.put_at(target, found)
    return number(1)


def _move(state, words, _window):
    target = (int(words[2]), words[1])
    if target[0] == state.selected:
        return SAME_OBJECT
    found = state.data.get((state.selected, words[1]))
    if found is None or target in state.data:
        return number(0)
    state.put_at(target, state.take_at((state.selected, words[1])))
    return number(1)


def _select(state, words, _window):
    state.selected = int(words[1])
    return OK


def _swapdb(state, words, _window):
    other = {int(words[1]): int(words[2]), int(words[2]): int(words[1])}
    state.replace_all({(other.get(database, database), key): found for (database, key), found in state.data.items()})
    return OK


def _flushdb(state, _words, _window):
    state.replace_all({place: found for place, found in state.data.items() if place[0] != state.selected})
    return OK


def _flushall(state, _words, _window):
    state.replace_all({})
    return OK


def _waitaof(_state, _words, _window):
    return ANY


def _first(words, selected):
    return [(selected, words[1])]


def _first_two(words, selected):
    return [(selected, words[1]), (selected, words[2])]


def _all(words, selected):
    return [(selected, key) for key in words[1:]]


def _every_other(words, selected):
    return [(selected, key) for key in words[1::2]]


def _behind_operation(words, selected):
    return [(selected, key) for key in words[2:]]


def _to_copy(words, selected):
    return [(selected, words[1]), (int(words[4]), words[2])]


def _to_move(words, selected):
    return [(selected, words[1]), (int(words[2]), words[1])]


def _none(_words, _selected):
    return []


# name -> (what it does, the places that it looks at)
COMMANDS = {
    b"SET": (_set, _first), b"SETNX": (_setnx, _first), b"SETEX": (_setex, _first), b"PSETEX": (_psetex, _first),
    b"GET": (_get, _first), b"GETSET": (_getset, _first), b"GETDEL": (_getdel, _first), b"GETEX": (_getex, _first),
    b"APPEND": (_append, _first), b"SETRANGE": (_setrange, _first), b"STRLEN": (_strlen, _first), b"INCR": (_incr, _first),
    b"INCRBY": (_incrby, _first), b"DECRBY": (_decrby, _first), b"INCRBYFLOAT": (_incrbyfloat, _first),
    b"SETBIT": (_setbit, _first), b"BITFIELD": (_bitfield, _first), b"BITOP": (_bitop, _behind_operation),
    b"MSET": (_mset, _every_other), b"MSETNX": (_msetnx, _every_other), b"MGET": (_mget, _all), b"DEL": (_del, _all),
    b"UNLINK": (_del, _all), b"EXISTS": (_exists, _all), b"EXPIRE": (_expire, _first), b"PEXPIRE": (_pexpire, _first),
    b"PEXPIREAT": (_pexpireat, _first), b"PERSIST": (_persist, _first), b"RENAME": (_rename, _first_two),
    b"RENAMENX": (_renamenx, _first_two), b"COPY": (_copy, _to_copy), b"MOVE": (_move, _to_move), b"SELECT": (_select, _none),
    b"SWAPDB": (_swapdb, _none), b"FLUSHDB": (_flushdb, _none), b"FLUSHALL": (_flushall, _none), b"WAITAOF": (_waitaof, _none),
}  # fmt: skip


# --- histories ------------------------------------------------------------------------------------------------------------


def is_transaction(command):
    """A transaction is a list of commands."""
    return isinstance(command[0], list)


def window_of(sent, answered):
    """The unix milliseconds at one of which the server has run a command."""
    return (int(sent * 1000) - EARLIER, int(answered * 1000) + 1)


class Contradiction(Exception):
    """No possible state gives the reply that came."""


REFUSALS = (b"MISCONF ", b"EXECABORT ", b"LOADING ")


def is_refused(reply):
    """Whether the server would not run the command, or the transaction, at all."""
    return reply is not None and reply[0] == b"-" and reply[1].startswith(REFUSALS)


def step(states, command, window, reply):
    """What the states become by a command or a transaction; reply: what came, None when nothing did."""
    if is_refused(reply):
        return states
    if not is_transaction(command):
        return _step(states, command, window, reply)
    if reply is not None and (reply[0] != b"*" or reply[1] is None or len(reply[1]) != len(command)):
        raise Contradiction(f"{command}: {reply}")
    for index, words in enumerate(command):
        states = _step(states, words, window, reply and reply[1][index])
    return states


def _step(states, words, window, reply):
    if len(words) > 1 and words[1].startswith(SHARED):
        return states
    run, places = COMMANDS[words[0]]
    following, answers = [], []
    for state in states:
        for branch in state.settled(places(words, state.selected), window):
            answer = run(branch, words, window)
            answers.append(answer)
            if reply is None or answer == reply or answer is ANY:
                following.append(branch)
    if not following:
        raise Contradiction(f"{words}: {reply} came, expected one of {answers}")
    return _distinct(following)


def _distinct(states):
    if len(states) == 1:
        return states
    distinct = []
    for state in states:
        if not any(state.same(other) for other in distinct):
            distinct.append(state)
    return distinct


def differing(state, observed, observed_until):
    """The places at which the state is not what was observed. observed: place -> (value, end of life in unix
    milliseconds or None); observed_until: when that was, unix milliseconds."""
    return [
        place
        for place in {**state.data, **observed}
        if not _is_seen(state.data.get(place), observed.get(place), observed_until)
    ]


def _is_seen(expected, found, until):
    if found is None:
        return expected is None or (expected[1] is not None and expected[1][0] <= until)
    if expected is None or expected[0] != found[0]:
        return False
    life, end = expected[1], found[1]
    return end is None if life is None else end is not None and life[0] <= end <= life[1]


def from_observed(observed):
    """The state that was observed."""
    return State({place: (value, None if end is None else (end, end)) for place, (value, end) in observed.items()})
