"""What other systems read: plans, projects, evaluations, histories, as whoever asks may."""

from __future__ import annotations

from typing import Any

import pytest

import evalflow

P = "/plans/gu/projects"


def test_plans_are_listed_and_shown_with_their_content(asking: Any) -> None:
    (plan,) = asking.get("/plans").json()
    assert (plan["id"], plan["revision"], plan["label"]["ko"]) == ("gu", 1, "시험 계획")
    whole = asking.get("/plans/gu").json()
    assert whole["content"]["units"]["road"]["ko"] == "도로과"
    assert asking.get("/plans/gu/revisions/1").json() == whole
    (adopted,) = asking.get("/plans/gu/revisions").json()
    assert (adopted["event"], adopted["actor"]) == ("adopt", "policy-1")
    new = asking.get("/plans/gu/revisions/1/diff").json()
    assert {each["number"] for each in new} == {"1", "2", "3"}


def test_what_a_revision_says_otherwise_is_told_to_who_may_read_all_of_the_plan(
    asking: Any,
) -> None:
    """As on the board: it holds what is closed elsewhere, such as a change before it is fixed."""
    for path in ("/plans/gu/revisions/1/diff", "/plans/gu/revisions/1/diff?since=0"):
        for reader in ("audit-1", "mayor-1"):
            assert asking.get(path, reader).status_code == 200
        for other in ("education-1", "welfare-head", "budget-1", "city-lead"):
            told = asking.get(path, other)
            assert told.status_code == 403
            assert "schools" not in told.text
    for revision in ("1", "9"):  # whether there is one is nobody's business either
        assert asking.get(f"/plans/gu/revisions/{revision}/diff", "road-1").status_code == 403


def test_a_plans_text_is_read_by_everybody_in_its_directory_as_they_may(
    asking: Any, office: evalflow.Engine
) -> None:
    for path in ("/plans/gu", "/plans/gu/revisions/1"):
        for reader in ("policy-1", "education-1", "mayor-1", "budget-1"):
            content = asking.get(path, reader).json()["content"]
            assert content == evalflow.to_data(evalflow.View(office, reader).plan("gu"))
            assert content["directory"]["road-1"][0]["role"] == "department"
        assert asking.get(path, "nobody-1").status_code in (403, 404)


def test_who_asks_is_told_with_their_grants(asking: Any) -> None:
    me = asking.get("/me", "elderly-head").json()
    assert me["id"] == "elderly-head"
    assert [each["role"] for each in me["plans"]["gu"]] == ["department_head", "bureau_head"]
    assert me["plans"]["gu"][1]["on_behalf_of"] == "welfare-head"


def test_projects_are_filtered_searched_and_paged(asking: Any) -> None:
    def numbers(query: str) -> list[str]:
        return [each["number"] for each in asking.get(f"{P}?{query}").json()["projects"]]

    assert numbers("") == ["1", "2", "3"]
    assert numbers("state=self_evaluated&unit=city") == ["3"]
    assert numbers("number=1&number=3") == ["1", "3"]
    assert numbers("q=경로당") == ["2"]
    assert numbers("q=SCHOOL+support") == ["1"]
    assert numbers("q=3") == ["3"]
    seen, path = [], f"{P}?limit=1"
    while path:
        answer = asking.get(path)
        page = answer.json()
        seen += [each["number"] for each in page["projects"]]
        link = answer.headers.get("link", "")
        assert bool(link) == bool(page["next"])
        path = link.partition("<")[2].partition(">")[0].removeprefix("/api")
    assert seen == ["1", "2", "3"]


def test_projects_are_sorted_and_counted(asking: Any) -> None:
    page = asking.get(f"{P}?order=-title&limit=2&count=true").json()
    assert [each["number"] for each in page["projects"]] == ["1", "3"]
    assert page["count"] == 3
    following = asking.get(f"{P}?order=-title&after={page['next']}").json()
    assert [each["number"] for each in following["projects"]] == ["2"]
    assert following["next"] is following["count"] is None
    assert asking.get(f"{P}?q=경로당&count=true").json()["count"] == 1


def test_histories_are_read_from_their_end_and_by_the_page(
    asking: Any, office: evalflow.Engine
) -> None:
    page = asking.get(f"{P}/3/entries?newest=true&limit=1").json()
    assert [each["event"] for each in page["entries"]] == ["self_evaluate"]
    earlier = asking.get(f"{P}/3/entries?newest=true&after={page['next']}").json()
    assert [each["event"] for each in earlier["entries"]] == ["adopt"]
    assert earlier["next"] is None
    whole = asking.get("/plans/gu/revisions?newest=true").json()
    assert len(whole) == 1
    directory = {**office.plans.head("gu").tree["directory"]}
    directory["road-2"] = [{"role": "department", "unit": "road"}]
    people = office.plans.with_people("gu", directory=directory)
    office.adopt(people, by="policy-1", reason="인사 발령")
    first = asking.get("/plans/gu/revisions?limit=1&newest=true")
    assert [each["event"] for each in first.json()] == ["revise"]
    path = first.headers["link"].partition("<")[2].partition(">")[0].removeprefix("/api")
    last = asking.get(path)
    assert (last.json(), "link" in last.headers) == (whole, False)


def test_every_list_says_how_many_there_are_where_it_is_asked(
    asking: Any, office: evalflow.Engine
) -> None:
    whole = asking.get(f"{P}/3/entries?count=true").json()
    assert whole["count"] == len(whole["entries"]) == 2
    assert asking.get(f"{P}/3/entries?count=true&limit=1&after=1").json()["count"] == 2
    assert asking.get(f"{P}/3/entries").json()["count"] is None
    page = asking.get("/entries?count=true&limit=1").json()
    assert page["count"] == office.count_entries() == 5
    revisions = asking.get("/plans/gu/revisions?count=true&limit=1")
    assert revisions.headers["x-total-count"] == "1"
    assert "x-total-count" not in asking.get("/plans/gu/revisions").headers
    mine = asking.get("/notices?count=true&limit=1", "road-head").json()
    assert mine["count"] == len(asking.get("/notices", "road-head").json()["notices"])


def test_a_page_of_dues_with_a_count_works_them_out_once(
    asking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalflow.decision.deadlines import Ledger

    url = "/plans/gu/due?waiting=true&count=true&limit=1"
    first = asking.get(url).json()
    times, owed = [], Ledger.owed

    def counted(self: Ledger, states: Any) -> Any:
        times.append(1)
        return owed(self, states)

    monkeypatch.setattr(Ledger, "owed", counted)
    second = asking.get(f"{url}&after={first['next']}").json()
    assert (second["count"], len(times)) == (first["count"], 1)
    assert second["due"] != first["due"]


@pytest.mark.parametrize("path", ["entries", "notices", "due"])
def test_a_page_that_is_none_is_refused_everywhere(asking: Any, path: str) -> None:
    url = {"entries": f"{P}/3/entries", "notices": "/notices", "due": "/plans/gu/due"}[path]
    for query in ("limit=0", "after=-1", "order=up" if path == "due" else "after=x"):
        answer = asking.get(f"{url}?{query}")
        assert answer.status_code in (404, 422), (query, answer.text)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limt=3", "limt"),
        ("order=titel", "title"),
        ("limit=0", "1 to 200"),
        ("limit=x", "whole number"),
        ("after=%21", "next"),
        ("at=yesterday", "2016-04-05"),
        ("unit=road&unit=city", "once"),
        ("limit=1e1", "whole number"),
        ("limit=5.0", "whole number"),
        ("limit=５", "whole number"),
        ("limit=+5", "whole number"),
        ("at=20160405", "2016-04-05"),
        ("at=2016-W14-2", "2016-04-05"),
        ("q=%FF", "UTF-8"),
        ("q=%ED%A0%80", "UTF-8"),
    ],
)
def test_what_a_query_says_wrongly_is_told_and_nothing_is_taken_for_a_default(
    asking: Any, query: str, said: str
) -> None:
    answer = asking.get(f"{P}?{query}")
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert said in problem["text"]


@pytest.mark.parametrize("after", ["", "eA", "OTk"])
def test_a_page_behind_what_is_not_there_is_told(asking: Any, after: str) -> None:
    assert asking.get(f"{P}?after={after}").status_code == 404
    assert asking.get(f"{P}?after={after}&order=title").status_code == 404


def test_an_answer_that_did_not_change_is_not_sent_again(asking: Any) -> None:
    first = asking.get(f"{P}/1")
    assert first.json()["states"][0] == "self_evaluated"
    assert first.headers["etag"].startswith(f'"{first.json()["version"]}-')
    again = asking.get(f"{P}/1", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    other = asking.get(f"{P}/1", "road-1", if_none_match=first.headers["etag"])
    assert other.status_code == 200  # what somebody else may see is another answer


def test_an_evaluation_and_a_history_are_shown_as_the_reader_may_read_them(asking: Any) -> None:
    whole = asking.get(f"{P}/3/evaluations/2016-Q1").json()
    assert whole["facts"]["explanations"]["metres"]["cause"] == "동절기"
    assert whole["self_rating"]["rate"] == "87.5"
    other = asking.get(f"{P}/3/evaluations/2016-Q1", "education-1").json()
    assert "explanations" not in other["facts"]
    assert other["self_rating"] is None
    assert asking.get(f"{P}/3", "education-1").json()["withheld"] != {}
    entries = asking.get(f"{P}/3/entries?limit=1").json()
    assert [each["event"] for each in entries["entries"]] == ["adopt"]
    entries = asking.get(f"{P}/3/entries?after={entries['next']}").json()
    assert [each["event"] for each in entries["entries"]] == ["self_evaluate"]
    assert entries["next"] is None
    hidden = asking.get(f"{P}/3/entries/2", "education-1").json()
    assert "동절기" not in str(hidden)
    assert hidden["hash"] == ""
    assert [e["period"] for e in asking.get(f"{P}/3/evaluations").json()] == ["2016-Q1"]
    assert asking.get(f"{P}/3/definition").json()["indicators"][0]["targets"]["2016-Q1"] == "400"


def test_what_is_not_there_is_told_with_the_nearest(asking: Any) -> None:
    asked = "/plans/gu/projects/1/events?as=elderly-2"
    assert "elderly-1" in asking.get(asked, "policy-1").json()["detail"]
    for path in ("/plans/gv/projects", f"{P}/9", f"{P}/1/entries/99", "/plans/gu/revisions/9"):
        answer = asking.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


def test_nobody_is_401_and_somebody_unknown_403(asking: Any) -> None:
    assert asking.get("/plans", None).status_code == 401
    assert "www-authenticate" in asking.get(f"{P}/1", None).headers
    stranger = asking.get(f"{P}/1", "stranger-1")
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not_in_directory")
    assert asking.get("/plans", "stranger-1").json() == []
    assert asking.get("/me", "stranger-1").json()["plans"] == {}


def test_everybody_of_the_directory_reads_every_project(asking: Any, people: Any) -> None:
    for person in people:
        assert len(asking.get(P, person).json()["projects"]) == 3


def test_a_view_of_the_whole_store_leaves_out_plans_that_do_not_know_the_reader(
    office: evalflow.Engine,
) -> None:
    assert list(evalflow.View(office, "stranger-1").entries()) == []
    assert list(evalflow.View(office, "stranger-1").notices()) == []
    assert len(list(evalflow.View(office, "road-1").entries(limit=2))) == 2
    assert evalflow.View(office, "policy-1").reads_all("gu/3")
    assert not evalflow.View(office, "education-1").reads_all("gu/3")
