"""`hotline officer add` and `hotline token create`: the first officer of an installation, from its own terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.auth.tokens import officer_of_token
from hotline.core.audit import AuditEntry
from hotline.core.services import Services
from wsgi import main

PASSWORD = "four quiet words here"
ADD = ("officer", "add", "chief", "--display-name", "Chief Han", "--role", "administrator", "--password-stdin")


@pytest.fixture
def run(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", services.settings.database_url)
    monkeypatch.setenv("HOTLINE_REDIS_URL", services.settings.redis_url)
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "x" * 32)

    def run(*words: str, given: str = PASSWORD + "\n") -> Result:
        return CliRunner().invoke(main, words, input=given)

    return run


def test_the_first_officer_is_added_and_the_trail_names_the_command_line(
    run: Callable[..., Result], services: Services
) -> None:
    result = run(*ADD)
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    with services.db.transaction() as session:
        officer = session.scalars(select(Officer)).one()
        entry = session.scalars(select(AuditEntry)).one()
    assert (officer.name, officer.roles) == ("chief", ["administrator"])
    assert (entry.action, entry.actor_name, entry.via) == ("officer.added", "command line", "cli")


def test_a_fault_is_one_line_with_the_mend(run: Callable[..., Result], services: Services) -> None:
    short = run(*ADD, given="short\n")
    assert short.exit_code == 1
    assert "use 12 to 200 characters" in short.output and "'short'" not in short.output
    with services.db.transaction() as session:
        assert session.scalars(select(Officer)).all() == []
    assert run("token", "create", "nobody", "--label", "import").output == "Error: There is no officer nobody.\n"


def test_a_token_is_printed_once_and_acts_as_its_officer(run: Callable[..., Result], services: Services) -> None:
    run(*ADD)
    token = run("token", "create", "chief", "--label", "nightly import").output.strip()
    with services.db.transaction() as session:
        officer = officer_of_token(session, services.clock, token)
    assert officer is not None and officer.name == "chief"


@pytest.mark.parametrize(
    "words", [ADD, ("token", "create", "chief", "--label", "x"), ("travellers", "import", __file__)]
)
def test_a_missing_setting_is_one_line_with_the_mend(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("HOTLINE_DATABASE_URL")
    result = run(*words)
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert result.output.startswith("hotline: HOTLINE_DATABASE_URL: Field required. Set it in the environment")
