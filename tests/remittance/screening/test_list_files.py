"""Lists are read whole or refused whole, with every faulty line named: a plain table, and the layout in which OFAC publishes."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.core.errors import SeveralFaults
from remittance.screening import list_files
from remittance.screening.list_files import OFAC, TABLE, read_list

NAMELESS = '-0- ,"TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- '
SDN = (
    '9001,"QUORBANI, Zelimkhan",individual,"TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"DOB 09 Apr 1961; alt. DOB Apr 1962; POB Nowhere; DOB circa 1963; DOB 1964 to 1966; Passport X."\r\n'
    '9002,"BRIGHTWATER MADE-UP TRADING LTD",-0- ,"TEST",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    '9003,"MADE-UP STAR",vessel,"TEST",-0- ,"ABCD",Tanker,-0- ,-0- ,Nowhere,-0- ,"IMO 0000000"\r\n\x1a'
)
ALT = '9001,1,"aka","KURBANI, Selim",-0- \r\n9001,2,"fka","QUORBANI, Selim Khan",-0- \r\n'
ADD = '9001,1,"1 Street","Town",Nowhere,-0- \r\n9001,2,-0- ,"Other",Elsewhere,-0- \r\n'


def faults(data: bytes, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(SeveralFaults) as error:
        read_list(data, **more)
    assert "refused whole" in error.value.message
    return [(str(each["field"]), str(each["mend"])) for each in error.value.faults]


def test_ofacs_three_files_become_entries() -> None:
    read = read_list(SDN.encode("latin-1"), aliases=ALT.encode(), addresses=ADD.encode())
    assert read.layout == OFAC
    person, body, ship = read.entries
    assert (person.reference, person.kind, person.country) == ("9001", "person", "Nowhere")
    assert person.aliases == ("KURBANI, Selim", "QUORBANI, Selim Khan")
    assert person.born == ("1961-04-09", "1962-04", "~1963", "1964/1966")
    assert (body.kind, body.born, body.aliases, ship.kind) == ("body", (), (), "thing")
    assert read.digest != read_list(SDN.encode()).digest


def test_a_table_of_ones_own_is_read_in_any_order_of_columns() -> None:
    read = read_list("\ufeffreference,name,born,aliases\nT-1,오덕삼,1970;~1971,Oh Deoksam; O Tok-sam\n".encode())
    assert read.layout == TABLE
    assert read.entries[0].aliases == ("Oh Deoksam", "O Tok-sam") and read.entries[0].born == ("1970", "~1971")


def test_every_fault_is_named_with_its_line() -> None:
    table = "name,reference,born\n,T-1,1970\nA B,,\nC D,T-3,12.3.1960\nE F,T-1,\n"
    named = [field for field, _ in faults(table.encode())]
    assert named == ["name (list line 2)", "reference (list line 3)", "born (list line 4)", "reference (list line 5)"]


def test_ofacs_faults_are_named_with_file_and_line() -> None:
    bad = SDN.replace("vessel", "balloon").replace("9002", "9001")
    found = [field for field, _ in faults(bad.encode(), aliases=b"9999,1,aka,X Y,-0-\r\n9001,1\r\n")]
    assert found == [
        "type (list line 3)", "reference (list line 2)", "number (aliases line 1)", "columns (aliases line 2)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "file (list line 1)"),
        (b"   \n", "file (list line 1)"),
        (b"a,b,c\n1,2,3\n", "headings (list line 1)"),
        (b"name,reference\n", "file (list line 1)"),
        ("name,reference\n오덕삼,T-1\n".encode("cp949"), "encoding (list line 1)"),
        (b"name,reference\nA\x00B,T-1\n", "file (list line 1)"),
        (b'name,reference\n"A,T-1\n', "row (list line 2)"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, named: str) -> None:
    assert faults(data)[0][0] == named


def test_sizes_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_files, "MAX_ENTRIES", 2)
    rows = "".join(f"Person {number},T-{number}\n" for number in range(4))
    assert faults(f"name,reference\n{rows}".encode())[-1][0] == "file (list line 4)"
    many = "".join(",\n" if number % 2 else "x,\n" for number in range(400))
    assert len(faults(f"name,reference\n{many}".encode())) <= list_files.MAX_FAULTS
    monkeypatch.setattr(list_files, "MAX_BYTES", 10)
    assert faults(b"name,reference\nA B,T-1\n")[0][0] == "file (list line 1)"


def test_aliases_belong_to_ofacs_list_alone() -> None:
    assert faults(b"name,reference\nA B,T-1\n", aliases=ALT.encode())[0][0] == "file (aliases line 1)"
