"""Reads a QR code back from what was drawn, as a camera would: from a page's SVG, or from the rectangles of a PDF.

Written from the standard (ISO/IEC 18004) and apart from the library that draws: every code word is checked by its Reed-Solomon
syndromes, so that a code with one wrong square is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Matrix = list[list[bool]]

ALIGNED = {
    1: (), 2: (6, 18), 3: (6, 22), 4: (6, 26), 5: (6, 30), 6: (6, 34), 7: (6, 22, 38), 8: (6, 24, 42), 9: (6, 26, 46),
}  # fmt: skip
"""Centres of the alignment patterns by version."""
LEVELS = {0b01: "L", 0b00: "M", 0b11: "Q", 0b10: "H"}
BLOCKS: dict[tuple[int, str], tuple[int, list[tuple[int, int]]]] = {
    (4, "M"): (18, [(2, 32)]), (4, "Q"): (26, [(2, 24)]), (4, "H"): (16, [(4, 9)]),
    (5, "M"): (24, [(2, 43)]), (5, "Q"): (18, [(2, 15), (2, 16)]), (5, "H"): (22, [(2, 11), (2, 12)]),
    (6, "M"): (16, [(4, 27)]), (6, "Q"): (24, [(4, 19)]), (6, "H"): (28, [(4, 15)]),
    (7, "M"): (18, [(4, 31)]), (7, "Q"): (18, [(2, 14), (4, 15)]), (7, "H"): (26, [(4, 13), (1, 14)]),
    (8, "M"): (22, [(2, 38), (2, 39)]), (8, "Q"): (22, [(4, 18), (2, 19)]), (8, "H"): (26, [(4, 14), (2, 15)]),
    (9, "M"): (22, [(3, 36), (2, 37)]), (9, "Q"): (20, [(4, 16), (4, 17)]), (9, "H"): (24, [(4, 12), (4, 13)]),
}  # fmt: skip
"""By version and level: code words of correction in each block, and how many blocks have how many code words of data."""


def of_svg(drawn: str) -> Matrix:
    """Return the squares of a code that `segno` wrote into a page: one path of strokes, line by line, with a border of two."""
    found = re.search(r'viewBox="0 0 (\d+) \1".*?<path[^>]* d="([^"]+)"', drawn, re.DOTALL)
    assert found is not None, "no code is drawn"
    size, border = int(found[1]), 2
    squares = [[False] * size for _ in range(size)]
    column, row = 0.0, 0.0
    for order, numbers in re.findall(r"([Mmh])([^Mmhz]+)", found[2]):
        given = [float(each) for each in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        if order == "h":
            for at in range(int(column), int(column + given[0])):
                squares[int(row)][at] = True
            column += given[0]
        elif order == "M":
            column, row = given
        else:
            column, row = column + given[0], row + given[1]
    return [line[border : size - border] for line in squares[border : size - border]]


def of_rectangles(rectangles: list[tuple[float, float, float, float]]) -> Matrix:
    """Return the squares of a code from rectangles (left, top, width, height; upwards is more), of one size."""
    left, top = min(each[0] for each in rectangles), max(each[1] for each in rectangles)
    right, width = max(each[0] for each in rectangles), rectangles[0][2]
    # Squares overlap a little, so that no line shows between them: the pitch is taken from the width of the whole.
    size = min(range(21, 58, 4), key=lambda each: abs((right - left) / (each - 1) - width))
    pitch = (right - left) / (size - 1)
    squares = [[False] * size for _ in range(size)]
    for x, y, _width, _height in rectangles:
        squares[round((top - y) / pitch)][round((x - left) / pitch)] = True
    return squares


def read(squares: Matrix) -> str:
    """Return the words of a code; fails where anything in it is wrong."""
    size = len(squares)
    version = (size - 17) // 4
    for row, column in ((0, 0), (0, size - 7), (size - 7, 0)):
        assert all(squares[row][column : column + 7]), "the three eyes stand in their corners"
        assert not any(squares[row + 1][column + 1 : column + 6])
    level, mask = _format_of(squares)
    return _words_of(_data_of(_code_words(squares, version, mask), version, level), version)


def _format_of(squares: Matrix) -> tuple[str, int]:
    line = [
        *squares[8][:6],
        squares[8][7],
        squares[8][8],
        squares[7][8],
        *(squares[row][8] for row in range(5, -1, -1)),
    ]
    bits = int("".join("1" if each else "0" for each in line), 2) ^ 0b101010000010010
    return LEVELS[bits >> 13], bits >> 10 & 0b111


def _code_words(squares: Matrix, version: int, mask: int) -> bytes:
    bits = "".join("1" if squares[i][j] ^ _masked(mask, i, j) else "0" for i, j in _places(version))
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


def _places(version: int) -> Iterator[tuple[int, int]]:
    """Yield the squares that carry data, in their order: two columns at a time from the right, up and down in turn."""
    size = 17 + 4 * version
    rising = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for i in range(size - 1, -1, -1) if rising else range(size):
            for j in (right, right - 1):
                if not _reserved(version, i, j):
                    yield i, j
        rising = not rising


def _reserved(version: int, i: int, j: int) -> bool:
    size = 17 + 4 * version
    if (i < 9 and j < 9) or (i < 9 and j >= size - 8) or (i >= size - 8 and j < 9) or 6 in (i, j):
        return True
    if version >= 7 and ((i < 6 and j >= size - 11) or (j < 6 and i >= size - 11)):
        return True
    centres = ALIGNED[version]
    eyes = {(6, 6), (6, size - 7), (size - 7, 6)}
    return any(
        abs(i - row) <= 2 and abs(j - column) <= 2 and (row, column) not in eyes
        for row in centres
        for column in centres
    )


def _masked(mask: int, i: int, j: int) -> bool:
    return (
        (i + j) % 2, i % 2, j % 3, (i + j) % 3, (i // 2 + j // 3) % 2, i * j % 2 + i * j % 3, (i * j % 2 + i * j % 3) % 2,
        ((i + j) % 2 + i * j % 3) % 2,
    )[mask] == 0  # fmt: skip


def _data_of(words: bytes, version: int, level: str) -> bytes:
    """Take the interleaved blocks apart, check each, and return their data."""
    correcting, kinds = BLOCKS[version, level]
    sizes = [size for count, size in kinds for _ in range(count)]
    blocks: list[list[int]] = [[] for _ in sizes]
    rest = iter(words)
    for nth in range(max(sizes)):
        for block, size in zip(blocks, sizes, strict=True):
            if nth < size:
                block.append(next(rest))
    checks: list[list[int]] = [[] for _ in sizes]
    for _ in range(correcting):
        for check in checks:
            check.append(next(rest))
    for block, check in zip(blocks, checks, strict=True):
        assert not any(_syndrome(block + check, root) for root in range(correcting)), "a square of the code is wrong"
    return bytes(each for block in blocks for each in block)


def _syndrome(words: list[int], root: int) -> int:
    """Return the value of the words as a polynomial over GF(256) (x^8+x^4+x^3+x^2+1) at the power `root` of two."""
    at = 1
    for _ in range(root):
        at = _times(at, 2)
    value = 0
    for word in words:
        value = _times(value, at) ^ word
    return value


def _times(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11D
        b >>= 1
    return product


def _words_of(data: bytes, version: int) -> str:
    """Read the segments of bytes; in them UTF-8."""
    assert version < 10, "lengths of later versions have more bits"
    bits, at, words = "".join(f"{each:08b}" for each in data), 0, b""
    while at + 4 <= len(bits) and (mode := int(bits[at : at + 4], 2)):
        if mode == 7:  # the set of characters is named first
            at += 12
            continue
        assert mode == 4, f"bytes are written, not mode {mode}"
        count = int(bits[at + 4 : at + 12], 2)
        at += 12
        words += bytes(int(bits[at + 8 * nth : at + 8 * nth + 8], 2) for nth in range(count))
        at += 8 * count
    return words.decode()
