"""The example that asks a directory service, against a real OpenLDAP server."""

from __future__ import annotations

import datetime as dt
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evalflow
from evalflow import DirectoryError, Grant
from slapd import ADMIN, BASE, EXAMPLE, SECRET, NoServer, Slapd

READER = (f"uid=evalflow,ou=people,{BASE}", "reads alone")
DAY = dt.date(2016, 4, 4)


@pytest.fixture(scope="module")
def ldap3() -> Any:
    reason = "not on this machine: ldap3 (pip install ldap3)"
    return pytest.importorskip("ldap3", reason=reason)


@pytest.fixture
def slapd(tmp_path: Path) -> Iterator[Slapd]:
    try:
        server = Slapd(tmp_path / "slapd")
    except NoServer as why:
        pytest.skip(f"not on this machine: OpenLDAP (apt-get install slapd): {why}")
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def example(ldap3: Any) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE / "directory_ldap.py"))


@pytest.fixture
def directory(slapd: Slapd, example: dict[str, Any]) -> Any:
    return example["LdapDirectory"](slapd.url, BASE, *READER)


@pytest.fixture
def admin(slapd: Slapd, ldap3: Any) -> Iterator[Any]:
    """Whoever keeps the posts."""
    server = ldap3.Server(slapd.url, get_info=ldap3.NONE)
    connection = ldap3.Connection(server, ADMIN, SECRET, raise_exceptions=True)
    connection.bind()
    yield connection
    connection.strategy.close()


@pytest.fixture
def plan() -> evalflow.PlanHead:
    return evalflow.load_plan(evalflow.example("seodaemun-2016")).head


def test_the_example_says_who_may_by_the_groups_of_a_real_server(
    example: dict[str, Any], directory: Any, tmp_path: Path
) -> None:
    assert example["main"](directory, f"sqlite:///{tmp_path / 'office.db'}") == [
        "staff-1004: grant_not_in_force, from 2016-05-01",
        "staff-1005: grant_not_in_force, from 2016-04-05",
        "self_evaluate by staff-1005 for staff-1002",
        "verify: 0 findings, 2 entries by the host's word",
    ]


def test_groups_are_read_with_their_days(directory: Any, plan: evalflow.PlanHead) -> None:
    people = directory.people(plan, DAY)
    until = Grant(
        role="department",
        unit="information",
        since=dt.date(2016, 1, 1),
        until=dt.date(2016, 4, 30),
    )
    assert people["staff-1002"] == people["staff-1003"] == [until]
    (acting,) = people["staff-1005"]
    assert (acting.on_behalf_of, acting.reason) == ("staff-1002", "출장")
    assert {grant.unit for grant in people["staff-1004"]} == {"information"}  # no library here


def test_who_left_the_group_may_not_from_then_on(
    example: dict[str, Any], directory: Any, admin: Any, ldap3: Any
) -> None:
    clock = example["Clock"]()
    with evalflow.open("memory:", clock=clock, directory=directory) as office:
        office.adopt(office.load_plan(example["PLAN"]), by="staff-1001")
        clock.moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
        project = example["PROJECT"]
        assert office.explain(project, "self_evaluate", by="staff-1002").allowed
        admin.modify(
            f"cn=information,ou=posts,{BASE}",
            {"member": [(ldap3.MODIFY_DELETE, [f"uid=staff-1002,ou=people,{BASE}"])]},
        )
        with pytest.raises(evalflow.NotFound):
            office.explain(project, "self_evaluate", by="staff-1002")
        assert office.explain(project, "self_evaluate", by="staff-1003").allowed
        assert {each.actors for each in office.due() if each.unit == "information"} == {
            ("information-1", "staff-1003")
        }


@pytest.mark.parametrize("how", ["stopped", "wrong_password", "nothing_readable", "wrong_day"])
def test_a_server_that_does_not_answer_well_is_one_clear_error(
    how: str, example: dict[str, Any], directory: Any, slapd: Slapd, admin: Any, ldap3: Any
) -> None:
    clock = example["Clock"]()
    with evalflow.open("memory:", clock=clock, directory=directory) as office:
        office.adopt(office.load_plan(example["PLAN"]), by="staff-1001")
        clock.moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
        before = list(office.storage.entries())
        if how == "stopped":
            slapd.stop()
        elif how == "wrong_password":
            directory.password = "another"
        elif how == "nothing_readable":
            directory.base = f"ou=nowhere,{BASE}"
        else:
            day = {"evalflowUntil": [(ldap3.MODIFY_REPLACE, ["2016-4-31"])]}
            admin.modify(f"cn=information,ou=posts,{BASE}", day)
        with pytest.raises(DirectoryError) as told:
            office.fire(example["PROJECT"], "self_evaluate", by="staff-1002", data={})
        assert told.value.text("ko").startswith(
            "외부 인사 시스템(LdapDirectory)이 답하지 못했습니다"
        )
        assert "another" not in told.value.text("en").split()
        assert list(office.storage.entries()) == before
        assert list(office.audit.verify()) == []
