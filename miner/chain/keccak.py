"""Keccak-256 as Ethereum and the chain use it; hashlib has only its later padding, SHA-3."""

_RATE = 136
_WORD = (1 << 64) - 1
_ROTATIONS = (
    (0, 36, 3, 41, 18),
    (1, 44, 10, 45, 2),
    (62, 6, 43, 15, 61),
    (28, 55, 25, 21, 56),
    (27, 20, 39, 8, 14),
)


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 hash."""
    padded = bytearray(data + b"\x01" + bytes(_RATE - 1 - len(data) % _RATE))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _RATE):
        for place in range(_RATE // 8):
            at = start + 8 * place
            lanes[place % 5][place // 5] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permute(lanes)
    return b"".join(lanes[place][0].to_bytes(8, "little") for place in range(4))


def _round_constants() -> tuple[int, ...]:
    """Return the constants of the 24 rounds, from the linear register that defines them."""
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for bit in range(7):
            if register & 1:
                constant |= 1 << ((1 << bit) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


_CONSTANTS = _round_constants()


def _rotate(word: int, by: int) -> int:
    return ((word << by) | (word >> (64 - by))) & _WORD


def _permute(a: list[list[int]]) -> list[list[int]]:
    for constant in _CONSTANTS:
        parity = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in a]
        for x in range(5):
            change = parity[x - 1] ^ _rotate(parity[(x + 1) % 5], 1)
            a[x] = [lane ^ change for lane in a[x]]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                b[y][(2 * x + 3 * y) % 5] = _rotate(a[x][y], _ROTATIONS[x][y])
        for x in range(5):
            following, after = b[(x + 1) % 5], b[(x + 2) % 5]
            a[x] = [b[x][y] ^ (~following[y] & after[y] & _WORD) for y in range(5)]
        a[0][0] ^= constant
    return a
