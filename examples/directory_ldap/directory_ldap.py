"""evalflow asks a directory service (LDAP) who holds which role where: groups, with days.

A post is a group (`groupOfNames`) that says besides which role in which unit its members hold, and
from when to when (`evalflow.schema`, `office.ldif`). Any server that speaks LDAP will do; the tests
run it against OpenLDAP. It needs `ldap3`. Run it against a server of your own:
`python directory_ldap.py ldaps://ldap.example dc=example`. How it is asked, and what is promised:
docs/howto/directory.md.
"""

from __future__ import annotations

import datetime as dt
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ldap3
from ldap3.utils.dn import parse_dn

import evalflow
from evalflow import Grant

PLAN = Path(__file__).parents[1] / "seodaemun-2016" / "plan.yaml"
PROJECT = "seodaemun-2016/9"

POSTS = "(&(objectClass=groupOfNames)(objectClass=evalflowPost))"
SAID = ["member", "description"]
SAID += [f"evalflow{each}" for each in ("Role", "Unit", "Since", "Until", "For")]


class LdapDirectory:
    """A directory service as evalflow asks it: one search for a question, with a bound of seconds.

    `base` is where the posts stand. Who may read them binds as `user`; without one it is asked
    anonymously. `ldaps://` checks the server's certificate.
    """

    def __init__(
        self, url: str, base: str, user: str | None = None, password: str | None = None
    ) -> None:
        self.base, self.user, self.password = base, user, password
        self.server = ldap3.Server(
            url,
            tls=ldap3.Tls(validate=ssl.CERT_REQUIRED) if url.startswith("ldaps:") else None,
            connect_timeout=5,
            get_info=ldap3.NONE,
        )

    def people(self, plan: evalflow.PlanHead, day: dt.date) -> Mapping[str, list[Grant]]:
        """Return who holds what in the plan's units by all posts, also those over and to come."""
        found: dict[str, list[Grant]] = {}
        for post in self._posts():
            if post["evalflowUnit"] not in plan.units:
                continue  # a post of the office that is no matter of this plan
            for_whom, since, until = (post.get(f"evalflow{n}") for n in ("For", "Since", "Until"))
            grant = Grant(
                role=post["evalflowRole"],
                unit=post["evalflowUnit"],
                since=None if since is None else dt.date.fromisoformat(since),
                until=None if until is None else dt.date.fromisoformat(until),
                on_behalf_of=None if for_whom is None else _uid(for_whom),
                reason=post.get("description"),
            )
            for member in post["member"]:
                found.setdefault(_uid(member), []).append(grant)
        return found

    def _posts(self) -> list[dict[str, Any]]:
        """Return each post: its attributes, one text each, and its members."""
        connection = ldap3.Connection(
            self.server,
            user=self.user,
            password=self.password,
            read_only=True,
            receive_timeout=5,
            raise_exceptions=True,  # an answer that was cut off is no answer
        )
        try:
            connection.bind()
            found = connection.extend.standard.paged_search(
                self.base, POSTS, attributes=SAID, paged_size=500, generator=False
            )
        finally:
            connection.strategy.close()
            if connection.socket is not None:  # left open where nobody answered
                connection.socket.close()
        return [_texts(each["raw_attributes"]) for each in found]


def _texts(raw: Mapping[str, list[bytes]]) -> dict[str, Any]:
    return {
        name: [each.decode() for each in values] if name == "member" else values[0].decode()
        for name, values in raw.items()
        if values
    }


def _uid(dn: str) -> str:
    """Return the id of somebody whose entry is called that: `uid=staff-1001,…`."""
    name, uid, _ = parse_dn(dn)[0]
    if name.lower() != "uid":
        raise ValueError(f"no uid: {dn}")
    return str(uid)


class Clock:
    """The host's clock; here one that is turned."""

    moment = dt.datetime(2016, 2, 25, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.moment


def main(directory: LdapDirectory, store: str = "memory:") -> list[str]:
    """Evaluate a project by whoever the directory names on that day; say who may, and verify."""
    clock, said = Clock(), []
    with evalflow.open(store, clock=clock, directory=directory) as office:
        office.adopt(office.load_plan(PLAN), by="staff-1001")
        targets = office.plans.definition(PROJECT).indicators
        figures = {each.id: each.targets["2016-Q1"] for each in targets}

        clock.moment = dt.datetime(2016, 4, 4, 1, tzinfo=dt.UTC)
        for who in ("staff-1004", "staff-1005"):
            answer = office.explain(PROJECT, "self_evaluate", by=who)
            said.append(f"{who}: {answer.reasons[0].code}, from {answer.reasons[0].since}")
        clock.moment = dt.datetime(2016, 4, 5, 1, tzinfo=dt.UTC)
        entry = office.fire(PROJECT, "self_evaluate", by="staff-1005", data={"actuals": figures})
        said.append(f"{entry.event} by {entry.actor} for {entry.on_behalf_of}")

        told: list[evalflow.Unchecked] = []
        findings = list(office.audit.verify(unchecked=told.append))
        by_host = sum(each.code == "by_host" for each in told)
        said.append(f"verify: {len(findings)} findings, {by_host} entries by the host's word")
    return said


if __name__ == "__main__":
    url, base, *login = sys.argv[1:]
    for line in main(LdapDirectory(url, base, *login)):
        print(line)
