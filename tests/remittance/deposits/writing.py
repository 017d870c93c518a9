"""Statements as banks would write them, in each of the three forms, from the same values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from remittance.deposits.statement import Entry, Statement

DIGITS = {"KRW": 0, "JPY": 0, "EUR": 2, "USD": 2, "KWD": 3}


def decimal(amount: int, currency: str, mark: str = ".") -> str:
    """Write an amount without its sign."""
    digits = DIGITS[currency]
    text = str(abs(amount)).rjust(digits + 1, "0")
    return text if not digits else f"{text[:-digits]}{mark}{text[-digits:]}"


def way(amount: int) -> str:
    return "CRDT" if amount >= 0 else "DBIT"


def camt(statements: Iterable[Statement], version: str = "02") -> bytes:
    """Write CAMT.053."""
    parts = [f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">\n<BkToCstmrStmt>\n']
    for each in statements:
        parts.append(f"<Stmt>\n<Id>{each.number}</Id>\n<Acct><Id><IBAN>{each.account}</IBAN></Id></Acct>\n")
        for kind, day, amount in (("OPBD", each.opened_on, each.opening), ("CLBD", each.closed_on, each.closing)):
            parts.append(
                f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
                f'<Amt Ccy="{each.currency}">{decimal(amount, each.currency)}</Amt>'
                f"<CdtDbtInd>{way(amount)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
            )
        parts += [_camt_entry(entry, each.currency, version) for entry in each.entries]
        parts.append("</Stmt>\n")
    return "".join([*parts, "</BkToCstmrStmt>\n</Document>\n"]).encode()


def _camt_entry(entry: Entry, currency: str, version: str) -> str:
    state = "<Sts><Cd>BOOK</Cd></Sts>" if version > "06" else "<Sts>BOOK</Sts>"
    side = "Dbtr" if entry.amount >= 0 else "Cdtr"
    name = f"<Pty><Nm>{entry.payer}</Nm></Pty>" if version > "06" else f"<Nm>{entry.payer}</Nm>"
    return (
        f'<Ntry><Amt Ccy="{currency}">{decimal(entry.amount, currency)}</Amt><CdtDbtInd>{way(entry.amount)}</CdtDbtInd>'
        f"{state}<BookgDt><Dt>{entry.booked_on}</Dt></BookgDt><NtryDtls><TxDtls><Refs><AcctSvcrRef>{entry.bank_reference}"
        f"</AcctSvcrRef><EndToEndId>{entry.reference}</EndToEndId></Refs><RltdPties><{side}>{name}</{side}></RltdPties>"
        f"<RmtInf><Ustrd>{entry.details}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def mt940(statements: Iterable[Statement]) -> bytes:
    """Write MT940, with SWIFT's envelope."""
    rows = ["{1:F01BANKKRSEAXXX0000000000}{2:I940BANKKRSEXXXXN}{4:"]
    for each in statements:
        rows += [":20:STATEMENT", f":25:{each.account}", f":28C:{each.number}"]
        rows.append(
            f":60F:{_mark(each.opening)}{each.opened_on:%y%m%d}{each.currency}{decimal(each.opening, each.currency, ',')}"
        )
        for entry in each.entries:
            bank = f"//{entry.bank_reference}" if entry.bank_reference else ""
            amount = decimal(entry.amount, each.currency, ",")
            amount += "" if "," in amount else ","
            rows.append(
                f":61:{entry.booked_on:%y%m%d}{entry.booked_on:%m%d}{_mark(entry.amount)}{amount}NTRF"
                f"{entry.reference or 'NONREF'}{bank}"
            )
            rows.append(f":86:166?00CREDIT?20{entry.details}?32{entry.payer}")
        rows.append(
            f":62F:{_mark(each.closing)}{each.closed_on:%y%m%d}{each.currency}{decimal(each.closing, each.currency, ',')}"
        )
        rows.append("-}")
    return "\r\n".join(rows).encode()


def _mark(amount: int) -> str:
    return "C" if amount >= 0 else "D"


def table(statement: Statement, *, newest_first: bool = False, encoding: str = "cp949") -> bytes:
    """Write a Korean bank's table, with the account above it and a sum below."""
    balance, rows = statement.opening, list[str]()
    for entry in statement.entries:
        balance += entry.amount
        came, went = (
            (decimal(entry.amount, statement.currency), "0")
            if entry.amount >= 0
            else ("0", decimal(entry.amount, statement.currency))
        )
        sign = "-" if balance < 0 else ""
        rows.append(
            f'{entry.booked_on:%Y.%m.%d} 09:00:00,{went},{came},"{sign}{decimal(balance, statement.currency)}",{entry.details},'
            f"{entry.payer},{entry.reference},{entry.bank_reference}"
        )
    head = "거래일시,출금액(원),입금액(원),잔액(원),적요,보낸분,받는분통장표시,거래번호"
    body = rows[::-1] if newest_first else rows
    return "\r\n".join([f"계좌번호,{statement.account}", "", head, *body, f",,,,합계 {len(rows)}건"]).encode(encoding)


def make_statement(*entries: Entry, opening: int = 100_000, currency: str = "KRW", number: str = "1") -> Statement:
    """Make a statement that balances."""
    days = [entry.booked_on for entry in entries] or [date(2026, 3, 2)]
    return Statement(
        1, "KR123456789012345678", currency, number, min(days), max(days), opening,
        opening + sum(entry.amount for entry in entries), entries,
    )  # fmt: skip
