"""One open remittance for a person and incident, whoever of two entries about one person is asked for."""

from __future__ import annotations

import pytest

from hotline.cases.person_models import Person
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from tests.overflow.briefing.making import make_incident
from tests.remittance.requests.making import make_case, make_hong_kong, make_remittance


@pytest.mark.parametrize("first_is_kept", [True, False])
def test_two_entries_about_one_person_have_one_open_request(
    services: Services, clock: FrozenClock, first_is_kept: bool
) -> None:
    with services.db.transaction() as session:
        mission, incident = make_hong_kong(session), make_incident(session)
        first, second = make_case(session, clock), make_case(session, clock)
        kept, other = (first, second) if first_is_kept else (second, first)
        one = make_remittance(session, clock, mission=mission, case=first, incident_id=incident.id)
        session.get_one(Person, other.person_id).merged_into_id = kept.person_id
        session.flush()
        with pytest.raises(Refused) as refused:
            make_remittance(session, clock, mission=mission, case=second, incident_id=incident.id)
        assert (refused.value.code, refused.value.params) == ("remittance-open", {"number": one.number})


def test_two_people_of_one_incident_have_one_each(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission, incident = make_hong_kong(session), make_incident(session)
        for _ in range(2):
            one = make_remittance(
                session, clock, mission=mission, case=make_case(session, clock), incident_id=incident.id
            )  # fmt: skip
            assert one.state == "requested"
