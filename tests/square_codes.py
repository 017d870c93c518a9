"""Reads a QR code back from what was drawn, as a camera would: from a page's SVG, or from the rectangles of a PDF."""

from __future__ import annotations

import re

import numpy as np
import zxingcpp

Matrix = list[list[bool]]
PIXELS, QUIET = 4, 4
"""A square's pixels, and the white squares round a code that its standard asks for."""


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
    """Return what a code says; fails when there is none, or one that cannot be read."""
    dark = np.pad(np.array(squares, dtype=bool), QUIET)
    picture = np.where(np.kron(dark, np.ones((PIXELS, PIXELS), dtype=bool)), 0, 255).astype(np.uint8)
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    assert len(found) == 1, "not one code that can be read"
    return str(found[0].text)
