"""The demo's test and draft: made once, and nobody is held up by them."""

from __future__ import annotations

from hotline.core.services import Services
from overflow.briefing import demo, passing
from overflow.briefing.models import BriefingVersion, KnowledgeTest
from tests.factories import make_officer
from tests.overflow.briefing.making import make_incident, make_volunteer


def test_it_is_made_once_and_gates_nobody(services: Services) -> None:
    demo.load(services, None)  # type: ignore[arg-type]  # the demo's author is not asked
    with services.db.transaction() as session:
        assert session.query(KnowledgeTest).count() == 0, "without the demo's accounts there is nothing to write with"
        make_officer(session, roles=("duty_chief",), name=demo.AUTHOR)
        make_incident(session)
        volunteer = make_volunteer(session)
    for _ in range(2):
        demo.load(services, None)  # type: ignore[arg-type]  # as above
    with services.db.transaction() as session:
        (version,) = session.query(BriefingVersion).all()
        assert version.state == "draft" and session.query(KnowledgeTest).count() == 1
        assert passing.outstanding(session, volunteer.id) == []
