"""From a file's bytes to records: lines of limited length, the encodings that offices use, CSV with its header, and NDJSON."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from hotline.core.errors import InvalidInput, TooLarge

MAX_FILE_BYTES = 100 * 1000 * 1000
MAX_ROWS = 2_000_000
MAX_LINE_BYTES = 8_192
SAMPLE_BYTES = 64 * 1024
"""How much of the file's beginning decides its encoding."""

COLUMNS = (
    "reference", "name", "phone", "language", "lat", "lon", "precision", "place", "country", "observed_at",
    "valid_until", "drill", "from_date", "to_date", "means", "journey", "email",
)  # fmt: skip
NEEDED = ("name", "phone")
ALIASES = {
    "latitude": "lat", "longitude": "lon", "lng": "lon", "mobile": "phone", "telephone": "phone", "city": "place",
    "이름": "name", "성명": "name", "전화": "phone", "전화번호": "phone", "휴대전화": "phone", "언어": "language",
    "from": "from_date", "to": "to_date", "trip": "journey", "flight": "means", "시작일": "from_date", "종료일": "to_date",
    "교통편": "means", "여정": "journey", "위도": "lat", "경도": "lon", "도시": "place", "국가": "country",
    "관리번호": "reference", "e-mail": "email", "mail": "email", "이메일": "email", "전자우편": "email",
}  # fmt: skip
"""Other names of the columns, as tables from offices carry them."""


@dataclass(frozen=True)
class Table:
    """What the columns of a list are called, which of them it must have, and their other names."""

    columns: Sequence[str]
    needed: Sequence[str]
    aliases: Mapping[str, str]


TRAVELLERS = Table(COLUMNS, NEEDED, ALIASES)


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it was written: its line, and its values (text; from NDJSON also numbers and booleans) by column."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no record at all."""

    line: int
    fault: InvalidInput


class Reading:
    """One pass over a file. `records()` may be walked once; `warnings` is complete when it has ended."""

    def __init__(
        self,
        stream: BinaryIO,
        format: str,  # noqa: A002  # the word that users type
        table: Table = TRAVELLERS,
    ) -> None:
        if format not in ("csv", "ndjson"):
            raise InvalidInput("format", format, "use csv or ndjson")
        self.warnings: list[str] = []
        self.bytes_read = 0
        self._stream = stream
        self._format = format
        self._table = table
        self._sample = stream.read(SAMPLE_BYTES)
        self._rest = b""
        self._encoding = _encoding_of(self._sample)
        self._unknown: set[str] = set()

    def records(self) -> Iterator[Record | BadLine]:
        """Yield every row in the file's order; a line that cannot be read comes as a BadLine and stops nothing.

        Raises InvalidInput for a header that cannot be used, TooLarge beyond MAX_FILE_BYTES or MAX_ROWS.
        """
        lines = self._lines()
        parse = self._csv_parser(lines) if self._format == "csv" else self._parse_json
        rows = 0
        for number, raw in lines:
            if raw is not None and not raw.strip():
                continue
            rows += 1
            if rows > MAX_ROWS:
                raise TooLarge(f"At most {MAX_ROWS:,} rows are imported at once; divide the file.")
            try:
                values = parse(self._decoded(raw))
            except InvalidInput as fault:
                yield BadLine(number, fault)
                continue
            self._note_unknown(values)
            yield Record(number, values)

    def _lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Number the lines from 1; None stands for a line that is too long."""
        whole = _Rejoined(self._sample.removeprefix(codecs.BOM_UTF8), self._stream)
        for number, raw in enumerate(_bounded_lines(whole), start=1):
            self.bytes_read += MAX_LINE_BYTES if raw is None else len(raw)
            if self.bytes_read > MAX_FILE_BYTES:
                raise TooLarge(f"At most {MAX_FILE_BYTES // 1_000_000} MB are imported at once; divide the file.")
            yield number, raw

    def _decoded(self, raw: bytes | None) -> str:
        if raw is None:
            raise InvalidInput("line", "", f"a line has at most {MAX_LINE_BYTES} bytes")
        if self._encoding is None and not raw.isascii():
            self._encoding = _encoding_of(raw) or "utf-8"
        try:
            return raw.decode(self._encoding or "ascii").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                "line",
                raw[error.start : error.start + 8].hex(),
                f"the file was read as {self._encoding}; save it as UTF-8",
            ) from error

    def _csv_parser(self, lines: Iterator[tuple[int, bytes | None]]) -> Any:
        header = next((self._decoded(raw) for _, raw in lines if raw is None or raw.strip()), "")
        delimiter = max(",;\t", key=header.count)
        names = [
            self._table.aliases.get(word, word)
            for word in (cell.strip().casefold() for cell in _cells(header, delimiter))
        ]
        repeated = sorted({name for name in names if name and names.count(name) > 1})
        missing = [name for name in self._table.needed if name not in names]
        if missing or repeated:
            said = f"is without {' and '.join(missing)}" if missing else f"names {repeated[0]} twice"
            columns = ", ".join(self._table.columns)
            raise InvalidInput("header", header[:80], f"the first line {said}; the columns are {columns}")

        def parse(text: str) -> dict[str, Any]:
            cells = _cells(text, delimiter)
            if len(cells) != len(names):
                raise InvalidInput("line", text, f"has {len(cells)} fields, the header has {len(names)}")
            return dict(zip(names, cells, strict=True))

        return parse

    def _parse_json(self, text: str) -> dict[str, Any]:
        try:
            values = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidInput("line", text, "is not a JSON object on one line") from error
        if not isinstance(values, dict):
            raise InvalidInput("line", text, "is not a JSON object on one line")
        return {self._table.aliases.get(str(name), str(name)): value for name, value in values.items()}

    def _note_unknown(self, values: dict[str, Any]) -> None:
        for name in values.keys() - set(self._table.columns) - self._unknown:
            if len(self._unknown) < 20:
                self._unknown.add(name)
                self.warnings.append(f"The column {name[:40]!r} is not known and was left out.")


class _Rejoined:
    """The sample and the rest of the stream as one file with `readline`."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readline(self, limit: int) -> bytes:
        """Return the next line with its end, or `limit` bytes of it."""
        if not self._head:
            return self._rest.readline(limit)
        end = self._head.find(b"\n", 0, limit)
        cut = end + 1 if end >= 0 else limit
        line, self._head = self._head[:cut], self._head[cut:]
        if end < 0 and len(line) < limit:
            line += self._rest.readline(limit - len(line))
        return line


def _bounded_lines(stream: _Rejoined) -> Iterator[bytes | None]:
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES or line.endswith(b"\n"):
            yield line
            continue
        while (more := stream.readline(MAX_LINE_BYTES)) and not more.endswith(b"\n"):
            pass
        yield None


def _encoding_of(sample: bytes) -> str | None:
    """Return how the bytes are written: UTF-8, else the Korean code page 949; None when plain ASCII decides nothing yet.

    Raises InvalidInput for UTF-16, which spreadsheet programs call "Unicode text".
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidInput("file", "UTF-16", "save it as CSV UTF-8")
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8"
    telling = [line for line in sample.split(b"\n") if not line.isascii()]
    if not telling:
        return None
    # The majority decides, because one line pasted from elsewhere must not spoil all others.
    return "utf-8" if 2 * sum(map(_is_utf8, telling)) >= len(telling) else "cp949"


def _is_utf8(line: bytes) -> bool:
    """Say whether a line, whose end may be cut off in the middle of a character, is UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line)
    except UnicodeDecodeError:
        return False
    return True


def _cells(line: str, delimiter: str) -> list[str]:
    """Divide one line; a quoted field may hold the delimiter but no line break, so that one stray quote spoils one row."""
    try:
        return next(csv.reader((line,), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise InvalidInput("line", line, f"is not CSV ({error})") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
