"""An idempotency key names one draft for ever, also when the second call brings something else."""

from __future__ import annotations

from tests.hostile.conftest import Call, told

CAP = """<?xml version="1.0"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{name}</identifier>
<sender>a@b.example</sender><sent>2026-11-21T00:00:00+00:00</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><category>Geo</category><event>Quake</event><urgency>Immediate</urgency>
<severity>Severe</severity><certainty>Observed</certainty><expires>2026-11-21T12:00:00+00:00</expires>
<area><areaDesc>A</areaDesc><circle>1,1 10</circle></area></info></alert>"""
KEY = {"Idempotency-Key": "first"}


def _send(call: Call, name: str) -> tuple[int, int]:
    answer = call("POST", "/api/v1/alerts", CAP.format(name=name), content_type="application/cap+xml", headers=KEY)
    return answer.status_code, told(answer).get("id", 0)


def test_the_same_key_with_another_message_gives_the_first_draft(call: Call) -> None:
    made, first = _send(call, "one")
    assert made == 201
    assert _send(call, "two") == (200, first)
    answer = call("POST", "/api/v1/alerts", {"headline": "h"}, headers=KEY)
    assert (answer.status_code, told(answer)["id"]) == (200, first)


def test_the_same_key_after_the_alert_has_ended_makes_no_second_one(call: Call) -> None:
    _, first = _send(call, "one")
    assert call("POST", f"/api/v1/alerts/{first}/cancel").status_code == 200
    assert _send(call, "one") == (200, first)
