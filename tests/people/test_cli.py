"""`hotline travellers import`: large lists from the server's own disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from hotline.core.audit import AuditEntry
from hotline.core.services import Services
from hotline.people import cli
from hotline.people.models import Traveller
from wsgi import main

GOOD = "name,phone\n홍길동,+821020000001\n"


@pytest.fixture
def run(services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]
    settings = services.settings
    monkeypatch.setenv("HOTLINE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("HOTLINE_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "x" * 32)

    def run(text: str, *options: str, name: str = "list.csv") -> Result:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return CliRunner().invoke(main, ["travellers", "import", str(tmp_path / name), *options])

    return run


def test_a_good_list_ends_with_zero_and_its_counts(run, services: Services) -> None:  # type: ignore[no-untyped-def]
    result = run(GOOD)
    assert result.exit_code == 0, result.output
    assert "1 rows taken over (1 new, 0 known), 0 refused." in result.output
    assert "1 rows" in result.stderr
    with services.db.transaction() as session:
        assert session.scalars(select(Traveller.name)).all() == ["홍길동"]
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.actor_name, entry.via) == ("command line", "cli")


def test_refused_rows_are_shown_reported_and_end_with_one(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    report = tmp_path / "report.json"
    result = run(GOOD + "A,1\n" * 25, "--report", str(report))
    assert result.exit_code == 1
    assert "Line 3: phone '1'" in result.output
    assert "… and 5 more." in result.output
    table = tmp_path / "refused.csv"
    run(GOOD + "A,1\n" * 25, "--report", str(table))
    assert len(table.read_text(encoding="utf-8").splitlines()) == 26, "a header and each refused row"
    content = json.loads(report.read_text(encoding="utf-8"))
    assert (content["accepted_count"], content["refused_count"], len(content["refused"])) == (1, 25, 25)


def test_the_format_follows_the_name_and_the_region_the_option(run) -> None:  # type: ignore[no-untyped-def]
    assert run('{"name": "A", "phone": "010-2000-0001"}\n', "--region", "KR", name="list.ndjson").exit_code == 0
    assert run("name,phone\nA,010-2000-0001\n", "--format", "csv", name="list.dat").exit_code == 1


def test_an_unusable_file_is_one_line_with_the_mend(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    refused = run("lat,lon\n1,2\n")
    assert refused.exit_code == 1
    assert "Error: header" in refused.output and "reference, name, phone" in refused.output
    monkeypatch.setattr(cli, "MAX_FILE_BYTES", 10)
    assert "divide it" in run(GOOD).output
