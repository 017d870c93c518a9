"""From the bytes of a file to its characters, whatever its encoding says or hides."""

from __future__ import annotations

import codecs
import re
from typing import Final

from alerts.cap.faults import Findings, Spot

FILE: Final = Spot("file", 1)

# The first bytes of the packed formats that people send by mistake; unpacking them would open the door to zip bombs.
PACKED: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"PK", "zip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)

# Declared names and the Python codec that reads them: the superset where senders use one name for both. Anything not
# listed is refused, above all UTF-7 and the codecs of Python that are no character encodings.
CODECS: Final = {
    "utf8": "utf-8",
    "usascii": "utf-8",
    "ascii": "utf-8",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "windows1252": "cp1252",
    "cp1252": "cp1252",
    "iso88592": "iso8859-2",
    "iso88595": "iso8859-5",
    "iso88597": "iso8859-7",
    "iso88599": "cp1254",
    "iso885915": "iso8859-15",
    "windows1250": "cp1250",
    "windows1251": "cp1251",
    "windows1254": "cp1254",
    "koi8r": "koi8-r",
    "euckr": "cp949",
    "cp949": "cp949",
    "ksc56011987": "cp949",
    "shiftjis": "cp932",
    "eucjp": "euc-jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
}

BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_DECLARED = re.compile(rb"<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_DECLARATION = re.compile(r"<\?xml\s[^>]{0,200}\?>")


def decode_document(data: bytes, findings: Findings) -> str:
    """Return the document as text without its XML declaration and with its lines where they were.

    Raises:
        CapRefused: empty, too large, compressed, in an unknown or unreadable encoding, or not XML at all.
    """
    if not data.strip():
        findings.stop(FILE, "empty")
    if len(data) > findings.limits.size_bytes:
        findings.stop(FILE, "too_large", size=len(data), limit=findings.limits.size_bytes)
    for magic, kind in PACKED:
        if data.startswith(magic):
            findings.stop(FILE, "compressed", kind=kind)
    text = _to_text(data, findings)
    if not text.lstrip().startswith("<"):
        findings.stop(FILE, "not_xml", text[:40])
    return _without_declaration(text, findings)


def _to_text(data: bytes, findings: Findings) -> str:
    for bom, codec in BOMS:
        if data.startswith(bom):
            body = data[len(bom) :]
            return _from_utf8(body, "UTF-8", findings) if codec == "utf-8" else _strict(body, codec, findings)
    if data[:2] in (b"<\x00", b"\x00<"):
        # UTF-16 without a byte order mark: the sign '<' that begins every document tells the byte order.
        return _strict(data, "utf-16-le" if data[1] == 0 else "utf-16-be", findings)
    return _as_declared(data, findings)


def _as_declared(data: bytes, findings: Findings) -> str:
    found = _DECLARED.search(data[:400])
    declared = found[1].decode("ascii") if found else "UTF-8"
    codec = CODECS.get(re.sub(r"[^a-z0-9]", "", declared.lower()))
    if codec is None:
        findings.stop(FILE, "unknown_encoding", declared, encoding=declared)
    if codec.startswith("utf-16"):
        # The declaration could be read byte by byte, so that it cannot be true.
        findings.warn(FILE, "encoding_mismatch", declared, declared=declared, actual="UTF-8")
        codec = "utf-8"
    if codec == "utf-8":
        return _from_utf8(data, declared, findings)
    return _from_western(data) if codec == "cp1252" else _strict(data, codec, findings)


def _from_utf8(data: bytes, declared: str, findings: Findings) -> str:
    """Read UTF-8; bytes that are not are either a few damaged characters or the whole file in a Western code page."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        spot = Spot("file", data.count(b"\n", 0, error.start) + 1)
    repaired = data.decode("utf-8", errors="replace")
    damaged = repaired.count("\ufffd")
    sound = sum(1 for char in repaired if char > "\x7f") - damaged
    if sound > damaged:
        findings.warn(spot, "broken_characters", count=damaged)
        return repaired
    findings.warn(spot, "encoding_mismatch", declared, declared=declared, actual="windows-1252")
    return _from_western(data)


def _from_western(data: bytes) -> str:
    """Read ISO-8859-1 as windows-1252, its superset in practice; its five unassigned bytes stay what they are."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _strict(data: bytes, codec: str, findings: Findings) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        spot = Spot("file", data.count(b"\n", 0, error.start) + 1)
        findings.stop(spot, "undecodable", encoding=codec)


def _without_declaration(text: str, findings: Findings) -> str:
    """Drop the declaration, whose encoding no longer holds, and keep its line ends for the line numbers."""
    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    found = _DECLARATION.match(text, start)
    if found is None:
        return text[:start].replace("\ufeff", "") + text[start:]
    if start:
        findings.warn(FILE, "blank_before_declaration")
    kept = "\n" * text.count("\n", 0, found.end())
    return kept + text[found.end() :]
