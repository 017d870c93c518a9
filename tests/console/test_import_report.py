"""The page of a list's report hands out its refused rows as a table."""

from __future__ import annotations

import io
import json

from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.factories import make_officer
from tests.people.test_import_legs import HEADER


def test_the_page_hands_out_its_refused_rows_as_a_table(visitor: Visitor, services: Services) -> None:
    with services.db.transaction() as session:
        make_officer(session, name="author", roles=("author",))
    visitor.sign_in("author")
    given_list = HEADER + "=1+1,A,12,2026-11-20,2026-11-21,,JP,,\n" + "R-2,B,+821020000001,x,2026-11-21,,JP,,\n"
    page = visitor.post("/travellers/import", {"list": (io.BytesIO(given_list.encode()), "list.csv")}).get_data(
        as_text=True
    )
    assert "Download the refused rows as CSV" in page
    rows = [{"line": 2, "field": "phone", "value": "=12", "mend": "Check the number"}]
    answer = visitor.post("/travellers/import/report.csv", {"refused": json.dumps(rows)})
    assert answer.headers["Content-Disposition"].endswith('filename="refused-rows.csv"')
    assert answer.get_data(as_text=True).splitlines()[1] == "2,phone,'=12,Check the number"
    for wrong in ("{", "[1]", '{"line": 1}', "[" * 100_000):
        assert visitor.post("/travellers/import/report.csv", {"refused": wrong}).status_code == 422
