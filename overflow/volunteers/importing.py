"""A roster taken over from CSV: every faulty row named, the good ones taken, the same file again changes nothing.

A look beforehand (`dry`) says the same and changes nothing. People are known by their number; an empty cell leaves what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import HotlineError, InvalidInput, Refused, SeveralFaults, TooLarge
from hotline.core.services import Services
from hotline.people.import_lines import BadLine, Reading, Record, Table
from overflow.volunteers import fields, inviting, keeping

MAX_BYTES = 2 * 1000 * 1000
MAX_ROWS = 5_000
MAX_LISTED = 1_000
BATCH_ROWS = 50
SHOWN_CHARS = 80
TABLE = Table(
    columns=(
        "name", "phone", "languages", "email", "speaks", "skills", "zone", "site", "senior", "drill", "max_hours_day",
        "max_hours_week", "quiet_from", "quiet_to", "note",
    ),
    needed=("name", "phone", "languages"),
    aliases={
        "이름": "name", "성명": "name", "전화": "phone", "전화번호": "phone", "휴대전화": "phone", "mobile": "phone",
        "언어": "languages", "language": "languages", "이메일": "email", "전자우편": "email", "e-mail": "email",
        "안내 언어": "speaks", "기능": "skills", "전문 분야": "skills", "skill": "skills", "시간대": "zone", "장소": "site",
        "비고": "note", "remarks": "note",
    },
)  # fmt: skip


@dataclass
class Report:
    """What became of the list, or would. `rows` are all; each is created, updated, unchanged or refused."""

    rows: int = 0
    created_count: int = 0
    updated_count: int = 0
    unchanged_count: int = 0
    refused_count: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as the API shows it."""
        return asdict(self)

    def counts(self) -> dict[str, int]:
        """Return how many rows became what, as the audit trail keeps it."""
        return {name: getattr(self, f"{name}_count") for name in ("created", "updated", "unchanged", "refused")}

    def refuse(self, line: int, faults: HotlineError) -> None:
        """Count a row that was not taken, and list its faults as {line, field, value, mend}."""
        self.refused_count += 1
        named: list[Mapping[str, object]]
        if isinstance(faults, InvalidInput):
            named = [{"field": faults.field, "value": faults.shown_value, "mend": faults.mend}]
        elif isinstance(faults, SeveralFaults):
            named = list(faults.faults)
        else:
            named = [{"field": "phone", "value": "…", "mend": faults.message}]
        for one in named:
            if len(self.refused) < MAX_LISTED:
                shown = {name: str(one[name])[: 2 * SHOWN_CHARS] for name in ("field", "value", "mend")}
                self.refused.append({"line": line, **shown})


def import_roster(services: Services, actor: Actor, data: bytes, *, dry: bool = False, invite: bool = False) -> Report:
    """Take over a list (CSV, UTF-8 or code page 949) in batches, each its own transaction.

    So the lines on the audit trail, of which one transaction at a time can write any, keep nobody else waiting for long.
    New people wait for a decision; `invite` sends each a text with a link to confirm their number and agree. Raises TooLarge
    beyond 2 MB or 5,000 rows, and InvalidInput for an encoding or a header that cannot be used; nothing is changed then.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"A roster has at most {MAX_BYTES // 1_000_000} MB; divide the file.")
    reading = Reading(BytesIO(data), "csv", TABLE)
    records = list(islice(reading.records(), MAX_ROWS + 1))
    if len(records) > MAX_ROWS:
        raise TooLarge(f"At most {MAX_ROWS:,} volunteers are imported at once; divide the file.")
    run = _Run(
        services, actor, Report(rows=len(records), warnings=reading.warnings), dry=dry, invite=invite and not dry
    )
    kept, completed = run.report.counts(), False
    try:
        for first in range(0, len(records), BATCH_ROWS):
            run.take(records[first : first + BATCH_ROWS])
            kept = run.report.counts()
        completed = True
    finally:
        # Also when it ends in an error: what was taken over before that must be on the trail.
        if not dry and (completed or any(kept.values())):
            with services.db.transaction() as session:
                audit.record(
                    session, services.clock, actor, "volunteers.imported", "volunteer", None,
                    after={**kept, "completed": completed},
                )  # fmt: skip
    return run.report


class _Run:
    """One import on its way."""

    def __init__(self, services: Services, actor: Actor, report: Report, *, dry: bool, invite: bool) -> None:
        self.report = report
        self._services, self._actor, self._dry, self._invite = services, actor, dry, invite
        self._seen: dict[str, int] = {}

    def take(self, batch: Sequence[Record | BadLine]) -> None:
        """Take a batch in one transaction, which a look beforehand rolls back."""
        with self._services.db.transaction() as session:
            nested = session.begin_nested()
            for record in batch:
                if isinstance(record, BadLine):
                    self.report.refuse(record.line, record.fault)
                    continue
                try:
                    with session.begin_nested():
                        self._take(session, record.values, record.line)
                except (InvalidInput, SeveralFaults, Refused) as fault:
                    self.report.refuse(record.line, fault)
            if self._dry:
                nested.rollback()

    def _take(self, session: Session, values: Mapping[str, Any], line: int) -> None:
        services, actor, report, seen = self._services, self._actor, self.report, self._seen
        given = {name: cell.strip() for name, cell in values.items() if name in TABLE.columns and cell.strip()}
        for name in TABLE.needed:
            if name not in given:
                raise InvalidInput(name, "", "must be given")
        kept = fields.checked(given)
        phone = str(kept["phone"])
        if phone in seen:
            raise InvalidInput("phone", "…", f"line {seen[phone]} has the same number")
        known = keeping.of_phone(session, phone)
        if known is None:
            made = keeping.add(session, services.clock, actor, given)
            if self._invite:
                inviting.send_link(services, session, actor, made.id)
            report.created_count += 1
        elif any(getattr(known, name) != value for name, value in kept.items()):
            keeping.change(session, services.clock, actor, known.id, given)
            report.updated_count += 1
        else:
            report.unchanged_count += 1
        # After the writing: of two rows with one number the second is good when the first was refused.
        seen[phone] = line
