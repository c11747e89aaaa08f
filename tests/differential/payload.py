"""What DUMP returns and RESTORE takes, made here from the description of the format: a value as in an RDB file, the
file's version in two bytes, and the CRC-64 (polynomial of Jones, bits reflected) of all that."""

import struct

VERSION = 10
TYPE_STRING = 0
_POLYNOMIAL = 0x95AC9329AC4BC9B5  # Jones's 0xad93d23594c935a9, its bits in reverse


def _table():
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (_POLYNOMIAL if byte & 1 else 0)
        rows.append(byte)
    return rows


_ROWS = _table()


def crc64(data):
    crc = 0
    for byte in data:
        crc = _ROWS[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def _length(count):
    if count < 1 << 6:
        return bytes([count])
    if count < 1 << 14:
        return struct.pack(">H", 0x4000 | count)
    return b"\x80" + struct.pack(">I", count)


def sign(body, version=VERSION):
    """The body with its version and checksum."""
    body += struct.pack("<H", version)
    return body + struct.pack("<Q", crc64(body))


def of_string(value):
    return sign(bytes([TYPE_STRING]) + _length(len(value)) + value)


def damage(data, chance):
    """A payload that must be refused: cut, changed, of a later version or of an impossible length."""
    kind = chance.randrange(4)
    if kind == 0:
        return data[: chance.randrange(len(data))]
    if kind == 1:
        at = chance.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
    if kind == 2:
        return sign(data[:-10], version=chance.choice((80, 65535)))
    # A string that would end far behind the payload. (Redis would take the version for the string's last bytes.)
    return sign(bytes([TYPE_STRING]) + _length(len(data) + 1000) + data)
