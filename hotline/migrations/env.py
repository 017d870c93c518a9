"""Alembic's entry: the models of every room, so that autogenerate sees the whole house."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from alerts import models as alerts_models
from alerts.arrivals import models as arrival_models
from alerts.board import models as board_models
from alerts.feeds import models as feed_models
from alerts.follow import models as follow_models
from alerts.publish import models as publish_models
from alerts.replies import models as reply_models
from alerts.silent import models as silent_models
from alerts.text_templates import models as template_models
from hotline.agents import models as agent_models
from hotline.auth import models as auth_models
from hotline.calls import models as call_models
from hotline.cases import contact_models, escalation_models, person_models, protection_models
from hotline.cases import models as case_models
from hotline.core import audit, outbox
from hotline.core.db import Base, sqlalchemy_url
from hotline.incidents import mode_models
from hotline.incidents import models as incident_models
from hotline.links import models as link_models
from hotline.missions import models as mission_models
from hotline.notices import models as notice_models
from hotline.people import models as people_models
from hotline.providers import models as provider_models
from hotline.queues import attention_models
from hotline.queues import models as queue_models
from hotline.registration import models as registration_models
from hotline.roaming import models as roaming_models
from overflow.briefing import models as briefing_models
from overflow.drills import models as drill_models
from overflow.forwarding import models as forwarding_models
from overflow.handover import models as handover_models
from overflow.shifts import models as shift_models
from overflow.staffing import models as staffing_models
from overflow.surge import models as surge_models
from overflow.volunteers import models as volunteer_models
from remittance.banks import models as bank_models
from remittance.deposits import models as deposit_models
from remittance.ledger import models as ledger_models
from remittance.own_page import models as own_page_models
from remittance.payouts import models as payout_models
from remittance.quotes import models as quote_models
from remittance.requests import models as request_models
from remittance.screening import models as screening_models
from remittance.settlement import models as settlement_models
from remittance.tills import models as till_models

ROOMS = (
    alerts_models,
    arrival_models,
    feed_models,
    follow_models,
    publish_models,
    auth_models,
    audit,
    outbox,
    mission_models,
    notice_models,
    people_models,
    provider_models,
    silent_models,
    registration_models,
    roaming_models,
    board_models,
    reply_models,
    case_models,
    contact_models,
    escalation_models,
    person_models,
    protection_models,
    link_models,
    template_models,
    agent_models,
    queue_models,
    forwarding_models,
    handover_models,
    shift_models,
    surge_models,
    drill_models,
    ledger_models,
    bank_models,
    own_page_models,
    quote_models,
    deposit_models,
    request_models,
    till_models,
    settlement_models,
    payout_models,
    screening_models,
    briefing_models,
    attention_models,
    call_models,
    incident_models,
    mode_models,
    volunteer_models,
    staffing_models,
)
"""Imported for the tables they add to the metadata."""

url = context.config.attributes["database_url"]
engine = create_engine(sqlalchemy_url(url), connect_args={"connect_timeout": 5})
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
