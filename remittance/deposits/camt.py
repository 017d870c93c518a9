"""Reading CAMT.053, ISO 20022's bank-to-customer statement, in all its versions; pure.

An entry counts when it is booked (`BOOK`); what is pending or for information is no money yet. An entry of several payments
(`TxDtls`) becomes as many when their amounts add up to it, so that each can be matched to its own request.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from lxml import etree

from remittance.deposits.statement import MAX_ENTRIES, MAX_STATEMENTS, Entry, Findings, Statement, clip

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d")
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
"""Opening booked, or the former closing where a bank gives that; closing booked."""
MAX_DEPTH = 30
NO_REFERENCES = frozenset({"", "NOTPROVIDED", "NONREF"})
"""What banks write where there is no reference."""


def line_of(element: etree._Element) -> int:
    """Return the line at which an element begins; 0 where the parser does not know."""
    line: Any = element.sourceline
    return line if isinstance(line, int) else 0


class _Place:
    """An element of the file, asked without regard to the namespace's version."""

    def __init__(self, element: etree._Element) -> None:
        self.element = element

    @property
    def line(self) -> int:
        return line_of(self.element)

    def all(self, path: str) -> list[_Place]:
        return [_Place(found) for found in self.element.iterfind("/".join(f"{{*}}{name}" for name in path.split("/")))]

    def first(self, path: str) -> _Place | None:
        found = self.all(path)
        return found[0] if found else None

    def text(self, *paths: str) -> str:
        """Return the text of the first of these paths that has one."""
        for path in paths:
            for place in self.all(path):
                if place.element.text and place.element.text.strip():
                    return place.element.text.strip()
        return ""


def read(data: bytes, findings: Findings) -> list[Statement]:
    """Return the statements of a file; faults are among the findings. Raises SeveralFaults for what is no such file."""
    root = _root(data, findings)
    places = root.all("BkToCstmrStmt/Stmt")
    if not places:
        findings.stop(root.line, "Stmt", "none", "the file holds no statement; ask the bank for CAMT.053")
    if len(places) > MAX_STATEMENTS:
        findings.stop(places[MAX_STATEMENTS].line, "Stmt", len(places), f"send at most {MAX_STATEMENTS} statements")
    read_ones = [_statement(place, findings) for place in places]
    return [one for one in read_ones if one is not None]


def _root(data: bytes, findings: Findings) -> _Place:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False, remove_comments=True,
        remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        findings.stop(error.lineno or 1, "file", "broken XML", "download it from the bank again")
    if root.getroottree().docinfo.internalDTD is not None:
        findings.stop(1, "DOCTYPE", "present", "a statement has none; download it from the bank again")
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            findings.stop(line_of(element), "file", "too deep", f"nest at most {MAX_DEPTH} elements")
    name = etree.QName(root)
    if name.localname != "Document" or not _NAMESPACE.fullmatch(name.namespace or ""):
        findings.stop(1, "Document", name.namespace or name.localname, "send CAMT.053, MT940 or a table (CSV)")
    return _Place(root)


def _statement(place: _Place, findings: Findings) -> Statement | None:
    opening, closing = _balance(place, OPENING, findings), _balance(place, CLOSING, findings)
    if opening is None or closing is None:
        return None
    currency = place.text("Acct/Ccy") or opening[1]
    for name, (_, given, _, line) in (("opening balance", opening), ("closing balance", closing)):
        if given != currency:
            findings.add(line, name, given, f"the account is kept in {currency}")
            return None
    entries: list[Entry] = []
    for each in place.all("Ntry"):
        entries += _entries(each, currency, findings)
        if len(entries) > MAX_ENTRIES:
            findings.stop(each.line, "Ntry", len(entries), f"send at most {MAX_ENTRIES} entries")
    return Statement(
        place.line, place.text("Acct/Id/IBAN", "Acct/Id/Othr/Id")[:40], currency,
        place.text("ElctrncSeqNb", "LglSeqNb", "Id")[:40], opening[2], closing[2], opening[0], closing[0], tuple(entries),
    )  # fmt: skip


def _balance(place: _Place, kinds: tuple[str, ...], findings: Findings) -> tuple[int, str, date, int] | None:
    """Return amount, currency, day and line of a balance; None beside a fault when it is missing."""
    for kind in kinds:
        for each in place.all("Bal"):
            if each.text("Tp/CdOrPrtry/Cd", "Tp/Cd") != kind:
                continue
            money = each.first("Amt")
            currency = money.element.get("Ccy", "") if money is not None else ""
            day = _day(each, "Dt", findings)
            if money is None or day is None:
                findings.add(each.line, f"balance {kind}", "incomplete", "amount and day are needed")
                return None
            amount = findings.money(money.line, f"balance {kind}", each.text("Amt"), currency)
            return _signed(each, amount, findings), currency, day, each.line
    findings.add(place.line, f"balance {kinds[0]}", "missing", "a statement needs its opening and closing balance")
    return None


def _signed(place: _Place, amount: int, findings: Findings) -> int:
    way = place.text("CdtDbtInd")
    if way not in ("CRDT", "DBIT"):
        findings.add(place.line, "CdtDbtInd", way, "use CRDT or DBIT")
    return amount if way == "CRDT" else -amount


def _day(place: _Place, name: str, findings: Findings, *, optional: bool = False) -> date | None:
    """Return a day, which the file gives as a day or as a moment with its own zone: the bank's wall calendar counts."""
    text = place.text(f"{name}/Dt", f"{name}/DtTm")
    if not text and optional:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        findings.add(place.line, name, text, "write days as 2026-03-31")
        return None


def _entries(place: _Place, currency: str, findings: Findings) -> list[Entry]:
    state = place.text("Sts/Cd", "Sts")
    if state != "BOOK":
        if state not in ("PDNG", "INFO", "FUTR"):
            findings.add(place.line, "Sts", state, "use BOOK, PDNG, INFO or FUTR")
        return []
    money = place.first("Amt")
    booked = _day(place, "BookgDt", findings)
    if money is None or booked is None:
        findings.add(place.line, "Ntry", "incomplete", "amount and booking day are needed")
        return []
    given = money.element.get("Ccy", "")
    if given != currency:
        findings.add(money.line, "Amt", given, f"the account is kept in {currency}")
        return []
    total = findings.money(money.line, "Amt", place.text("Amt"), currency)
    parts = place.all("NtryDtls/TxDtls")
    amounts = [_part_amount(part, currency, findings) for part in parts]
    whole = len(parts) < 2 or None in amounts or sum(each for each in amounts if each is not None) != total
    chosen = [(parts[0] if parts else None, total)] if whole else list(zip(parts, amounts, strict=True))
    return [_entry(place, part, amount or 0, booked, findings) for part, amount in chosen]


def _part_amount(part: _Place, currency: str, findings: Findings) -> int | None:
    """Return the amount of one of several payments; None when it is missing or in another currency."""
    money = part.first("Amt") or part.first("AmtDtls/TxAmt/Amt")
    if money is None or money.element.get("Ccy", "") != currency:
        return None
    return findings.money(money.line, "Amt", (money.element.text or "").strip(), currency)


def _entry(place: _Place, part: _Place | None, amount: int, booked: date, findings: Findings) -> Entry:
    signed = _signed(place, amount, findings)
    where = part or place
    other = "Dbtr" if signed >= 0 else "Cdtr"
    wanted = [
        where.text("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef"), where.text("Refs/EndToEndId"),
        where.text("Refs/InstrId"),
    ]  # fmt: skip
    details = " ".join(each.element.text or "" for each in where.all("RmtInf/Ustrd"))
    return Entry(
        line=place.line, amount=signed, booked_on=booked, value_on=_day(place, "ValDt", findings, optional=True),
        reference=clip(next((each for each in wanted if each.upper() not in NO_REFERENCES), "")),
        bank_reference=clip(where.text("Refs/AcctSvcrRef", "Refs/TxId") or place.text("AcctSvcrRef", "NtryRef")),
        payer=clip(where.text(f"RltdPties/{other}/Nm", f"RltdPties/{other}/Pty/Nm")),
        payer_account=clip(where.text(f"RltdPties/{other}Acct/Id/IBAN", f"RltdPties/{other}Acct/Id/Othr/Id")),
        details=clip(details or place.text("AddtlNtryInf")),
        returned=place.text("RvslInd").lower() in ("true", "1"),
    )  # fmt: skip
