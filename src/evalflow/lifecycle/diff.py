"""What changed from one lifecycle to another, in words: for people who are to agree to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from evalflow.errors import particles
from evalflow.lifecycle.definition import RUNNING, Event, Lifecycle
from evalflow.model import Label
from evalflow.model.values import frozen


@frozen(kw_only=True)
class Difference:
    """One thing that is otherwise in the second lifecycle.

    `about` says what: `state`, `role`, `region`, `event`, `line`, `duty` or `lifecycle`; `name` is
    its name. `change` is `added`, `removed` or `changed`.
    """

    about: str
    name: str
    change: str
    ko: str = attrs.field(converter=particles)
    en: str

    def text(self, lang: str = "ko") -> str:
        """Return the sentence in `lang` (`ko` or `en`)."""
        return self.ko if lang == "ko" else self.en


_KINDS = {
    "role": Label("역할", "role"),
    "region": Label("영역", "region"),
    "state": Label("상태", "state"),
    "event": Label("처리", "event"),
    "line": Label("결재선", "line of signatures"),
    "duty": Label("직무 분리", "separation of duties"),
}


def diff(one: Lifecycle, other: Lifecycle) -> tuple[Difference, ...]:
    """Return what is otherwise in `other`, kind by kind; nothing where both say the same."""
    found: list[Difference] = []
    adopting = (", ".join(one.adopted_by), ", ".join(other.adopted_by))
    if adopting[0] != adopting[1]:
        was, now = _called(adopting[0], one.roles), _called(adopting[1], other.roles)
        found.append(
            _changed(
                "lifecycle",
                other.name,
                f"계획을 등록하는 역할: {was.ko or '-'} → {now.ko or '-'}",
                f"who adopts plans: {was.en or '-'} → {now.en or '-'}",
            )
        )
    opening = (", ".join(one.opens), ", ".join(other.opens))
    if opening[0] != opening[1]:
        found.append(
            _changed(
                "lifecycle",
                other.name,
                f"계획을 고치지 않고 사건을 여는 역할: {opening[0] or '-'} → {opening[1] or '-'}",
                f"who opens cases without a revision: {opening[0] or '-'} → {opening[1] or '-'}",
            )
        )
    if one.things != other.things:
        found.append(
            _changed(
                "lifecycle",
                other.name,
                f"무엇이라고 부르는가: {one.things.ko} → {other.things.ko}",
                f"what its projects are called: {one.things.en} → {other.things.en}",
            )
        )
    wanted = (", ".join(one.project_plans), ", ".join(other.project_plans))
    if wanted[0] != wanted[1]:
        found.append(
            _changed(
                "lifecycle",
                other.name,
                f"사업계획에 있어야 하는 내용: {wanted[0] or '-'} → {wanted[1] or '-'}",
                f"what the plan of a project says: {wanted[0] or '-'} → {wanted[1] or '-'}",
            )
        )
    pairs: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = (
        ("role", one.roles, other.roles),
        ("region", one.regions, other.regions),
        ("state", one.states, other.states),
        ("event", one.events, other.events),
        ("line", one.lines, other.lines),
        ("duty", {d.name: d for d in one.duties}, {d.name: d for d in other.duties}),
    )
    for kind, before, after in pairs:
        found.extend(_named(kind, before, after, one, other))
    return tuple(found)


def rules_in_words(was: Lifecycle, new: Lifecycle, lang: str) -> list[str]:
    """Return what differs in `new`, a sentence each."""
    return [each.text(lang) for each in diff(was, new)]


def _named(
    kind: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    one: Lifecycle,
    other: Lifecycle,
) -> Iterator[Difference]:
    word = _KINDS[kind]
    for name in before:
        if name not in after:
            label = before[name].label
            yield Difference(
                about=kind,
                name=name,
                change="removed",
                ko=f"{word.ko} '{label.ko}'({name})이(가) 없어짐",
                en=f"{word.en} '{label.en}' ({name}) is gone",
            )
    for name, thing in after.items():
        label = thing.label
        if name not in before:
            yield Difference(
                about=kind,
                name=name,
                change="added",
                ko=f"{word.ko} '{label.ko}'({name})이(가) 새로 생김",
                en=f"{word.en} '{label.en}' ({name}) is new",
            )
            continue
        for what, was, now in _facets(kind, before[name], thing, one, other):
            if was != now:
                then, today = Label(was, was), Label(now, now)
                if what.en in _OF_ROLES:
                    then, today = _called(was, one.roles), _called(now, other.roles)
                yield _changed(
                    kind,
                    name,
                    f"{word.ko} '{label.ko}'의 {what.ko}: {then.ko or '-'} → {today.ko or '-'}",
                    f"{word.en} '{label.en}', {what.en}: {then.en or '-'} → {today.en or '-'}",
                )


_OF_ROLES = ("who may", "who may sign", "who signs by default")


def _called(listed: str, roles: Mapping[str, Any]) -> Label:
    """Return listed roles as people call them."""
    labels = [roles[name].label if name in roles else Label(name, name) for name in _names(listed)]
    return Label(", ".join(each.ko for each in labels), ", ".join(each.en for each in labels))


def _names(listed: str) -> Sequence[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _facets(
    kind: str, before: Any, after: Any, one: Lifecycle, other: Lifecycle
) -> Iterator[tuple[Label, str, str]]:
    """Yield what can differ in two things of one name, each as text before and after."""

    def both(what: Label, say: Any) -> tuple[Label, str, str]:
        return what, say(before), say(after)

    yield both(Label("이름", "name"), lambda thing: f"{thing.label.ko} / {thing.label.en}")
    if kind == "role":
        yield both(Label("소속 단위", "held in"), lambda role: role.at)
    elif kind == "region":
        yield both(Label("처음 상태", "initial state"), lambda region: region.initial)
    elif kind == "state":
        yield both(Label("영역", "region"), lambda state: state.region)
        yield both(Label("최종 상태", "final"), lambda state: "o" if state.final else "")
        yield both(Label("평가 확정", "evaluation fixed"), lambda state: "o" if state.fixed else "")
    elif kind == "duty":
        yield both(Label("처리한 사람", "whoever"), lambda duty: _listed(duty.whoever))
        yield both(Label("제한되는 처리", "may not"), lambda duty: _listed(duty.may_not))
        yield both(
            Label("대결 시 허용", "lifted when acting"), lambda d: "o" if d.unless_acting else ""
        )
        yield both(Label("계획이 정함", "optional"), lambda duty: "o" if duty.optional else "")
    elif kind == "line":
        yield both(Label("문서", "paper"), lambda line: line.of)
        yield both(Label("결재할 수 있는 역할", "who may sign"), lambda line: _listed(line.by))
        yield both(Label("기본 결재선", "who signs by default"), lambda x: _listed(x.default))
    else:
        for what, say in _EVENT_FACETS:
            yield what, say(before), say(after)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _moves(event: Event) -> str:
    return "; ".join(
        f"{edge.source}→{edge.target}"
        + (f" [{', '.join(use.id for use in edge.guards)}]" if edge.guards else "")
        for edge in event.transitions
    )


def _data(event: Event) -> str:
    return ", ".join(
        f"{field.name}: {field.type}"
        + (f"({'|'.join(field.options)})" if field.options else "")
        + ("!" if field.required else "")
        for field in event.data
    )


def _due(event: Event) -> str:
    return "" if event.due is None else _rule(event.due)


def _rule(rule: Any) -> str:
    """Return a rule in short: what it says, and the rules in it in brackets."""
    said = attrs.asdict(rule, filter=lambda _, value: bool(value), recurse=False)
    return ", ".join(f"{name} {_value(value)}" for name, value in said.items())


def _value(value: Any) -> str:
    if attrs.has(type(value)):
        return f"({_rule(value)})"
    return _listed(value) if isinstance(value, tuple) else str(value)


def _extension(event: Event) -> str:
    return "" if event.extension is None else _rule(event.extension)


def _notices(event: Event) -> str:
    return "; ".join(
        f"{rule.name} → {_listed(rule.to)}"
        + (f" ({rule.entering})" if rule.entering else "")
        + (f" [{rule.when}]" if rule.when else "")
        + (f": {rule.ask.ko}" if rule.ask else "")
        for rule in event.notices
    )


_EVENT_FACETS: tuple[tuple[Label, Any], ...] = (
    (Label("할 수 있는 역할", "who may"), lambda event: _listed(event.by)),
    (Label("이동", "moves"), _moves),
    (Label("요건", "guards"), lambda event: _listed([use.id for use in event.guards])),
    (Label("자료", "data"), _data),
    (Label("동작", "actions"), lambda event: _listed(event.actions)),
    (Label("기한", "due"), _due),
    (Label("알림", "notices"), _notices),
    (Label("함께", "together"), lambda event: event.together or ""),
    (Label("이끄는 영역", "leading region"), lambda event: event.leads),
    (Label("연장 범위", "bounds of extensions"), _extension),
    (
        Label("대상 평가", "about the evaluation"),
        lambda event: "" if event.evaluation == RUNNING else event.evaluation,
    ),
    (Label("결재선", "line of signatures"), lambda event: event.line or ""),
    (Label("어느 부서의", "of which units"), lambda event: event.at),
    (Label("우선 적용", "first match applies"), lambda event: "o" if event.first_wins else ""),
)


def _changed(about: str, name: str, ko: str, en: str) -> Difference:
    return Difference(about=about, name=name, change="changed", ko=ko, en=en)
