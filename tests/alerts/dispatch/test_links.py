"""Each person's own link in their text: filled in at hand-over, found again when an answer was lost, counted beforehand."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from alerts.models import Message
from alerts.preview import preview_texts
from alerts.replies.bodies import with_links
from alerts.segments import count_segments
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.links.opening import revoke_links
from hotline.links.tokens import BLANK_TOKEN, PATH, LinkMaker, blank_url
from hotline.providers.sms import SmsQuery
from tests.alerts.dispatch.conftest import assert_tallies_equal_rows, start_alert
from tests.factories import NOW, make_alert, make_mission, make_officer
from tests.providers.loopback_twilio import LoopbackTwilio

TEXT = "[외교부] 마닐라 홍수 11/21 12:00. 안전하신가요? {link}"


def with_blank(services: Services) -> dict[str, str]:
    return {"ko": TEXT.replace("{link}", blank_url(services.settings))}


def test_every_text_carries_its_receivers_own_link(
    sending: Services, twilio: LoopbackTwilio, clock: FrozenClock, db: Database
) -> None:
    running = start_alert(sending, clock, texts=with_blank(sending))
    clock.advance(timedelta(minutes=7))
    running.lane()
    maker, rows = LinkMaker.of(sending.settings), {row.phone: row for row in running.rows()}
    for phone in running.phones:
        (text,) = twilio.texts_to(phone)
        assert text.body.startswith("[외교부]") and BLANK_TOKEN not in text.body
        claims = maker.read(text.body.rsplit(PATH, 1)[1])
        assert (claims.traveller_id, claims.alert_id) == (rows[phone].traveller_id, running.alert_id)
        assert claims.issued_at == NOW
        assert len(text.body) == len(with_blank(sending)["ko"])
    assert_tallies_equal_rows(db)


def test_a_lost_answer_is_found_by_the_filled_text_also_after_links_were_ended(
    sending: Services, twilio: LoopbackTwilio, clock: FrozenClock, db: Database
) -> None:
    running = start_alert(sending, clock, people=2, texts=with_blank(sending))
    lost, fine = running.phones
    twilio.behaviour[lost] = ["lost"]
    running.lane()
    assert running.states() == {"in_doubt": 1, "sent": 1}
    with sending.db.transaction() as session:
        owner = session.scalars(select(Message.traveller_id).where(Message.phone == lost)).one()
        revoke_links(session, clock, SYSTEM, owner)
    clock.advance(timedelta(minutes=1))
    running.clear_doubt()
    assert running.states() == {"sent": 2}
    assert twilio.copies == {lost: 1, fine: 1}
    assert_tallies_equal_rows(db)


def test_texts_without_a_link_ask_the_database_nothing(services: Services) -> None:
    services.db.dispose()
    plain = [SmsQuery(1, "+821012345678", "no link here", NOW)]
    services.settings = services.settings.model_copy(update={"database_url": "postgresql://nowhere"})
    assert with_links(services, plain) == plain


def test_a_message_that_is_gone_keeps_its_stand_in(services: Services) -> None:
    asked = [SmsQuery(10**9, "+821012345678", blank_url(services.settings), NOW)]
    assert with_links(services, asked) == asked


def test_parts_and_cost_count_the_link_as_long_as_it_will_be(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        alert = make_alert(session, author=make_officer(session), mission_id=make_mission(session).id)
        (shown,) = preview_texts(session, services.settings, alert, {"ko": TEXT}).texts
        assert shown.filled is not None and shown.segmentation is not None
        assert BLANK_TOKEN in shown.filled
        maker = LinkMaker.of(services.settings)
        real = shown.filled.replace(BLANK_TOKEN, "a" * len(BLANK_TOKEN))
        assert count_segments(real).parts == shown.segmentation.parts and maker.start in real
