"""Rows of missions, call-outs and test calls for hostile calls, as the operation that is called needs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core.services import Services
from hotline.missions.models import MissionException, MissionLine, MissionNotice, MissionOverride, MissionStaff
from tests.factories import make_officer

INCIDENT, LINE, STAFF, NEXT_CODE = "known:incident", "known:line", "known:staff", "known:next-code"
"""What stands in a body for what only the rows know: see `PaidRows.filled`."""
DAY = date(2026, 12, 24)


class MissionRows:
    """Makes what operations on missions, and those that name an incident or a line, need; a part of `rows.Rows`."""

    _services: Services
    _numbers: Iterator[int]
    _known: dict[str, Any]

    def _crisis_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        raise NotImplementedError

    def _mission_id(self, session: Session, _state: int, _made: dict[str, int]) -> int:
        raise NotImplementedError

    def for_missions(self, session: Session, label: str, made: dict[str, Any]) -> None:
        """Make what the operation needs beside the rows in `made`, and name it there or in the body."""
        self._known[NEXT_CODE] = f"made-{next(self._numbers)}"
        if label.startswith("POST /api/v1/callouts"):
            self._known[INCIDENT] = self._crisis_id(session, 0, {})
        elif label == "POST /api/v1/line-tests":
            self._known[LINE] = self._line(session)
        elif label.endswith("/mode/steps/{position}"):
            made["position"] = 1
        elif "/missions/{mission_id}/" in label:
            self._of_mission(session, label, made)

    def _of_mission(self, session: Session, label: str, made: dict[str, Any]) -> None:
        mission_id, now = made["mission_id"], self._services.clock.now()
        if "holidays/{year}" in label:
            made["year"] = DAY.year
        elif "exceptions/{day}" in label:
            made["day"] = DAY.isoformat()
            session.add(MissionException(mission_id=mission_id, day=DAY, hours="off"))
        elif "notices/{notice_id}" in label:
            notice = MissionNotice(mission_id=mission_id, text_ko="알림", text_en="Notice", valid_from=now)
            session.add(notice)
            session.flush()
            made["notice_id"] = notice.id
        elif label.startswith("DELETE") and label.endswith("/overrides"):
            session.add(
                MissionOverride(
                    mission_id=mission_id, kind="closed_now", starts_at=now, ends_at=now + timedelta(hours=2), reason="storm"
                )
            )  # fmt: skip
        elif "/staff" in label:
            officer = self._staff(session)
            self._known[STAFF] = officer.name
            if "{officer_id}" in label:
                session.add(MissionStaff(officer_id=officer.id, mission_id=mission_id, since=now))
                made["officer_id"] = officer.id
        session.flush()

    def _staff(self, session: Session) -> Officer:
        """Somebody new who may work at missions."""
        return make_officer(session, roles=("mission_officer",))

    def _line(self, session: Session) -> int:
        """A line of a mission that no test call is on its way to."""
        number = next(self._numbers)
        line = MissionLine(
            mission_id=self._mission_id(session, 0, {}), number=f"+8221{number:07d}", pool_number=f"+8231{number:07d}",
            label="main", technique="number", created_at=self._services.clock.now(),
        )  # fmt: skip
        session.add(line)
        session.flush()
        return line.id
