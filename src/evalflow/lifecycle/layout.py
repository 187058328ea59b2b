"""A layered layout for the drawing of one region: where its boxes, labels and lines go.

States stand in columns, from left to right along the lifecycle, and the label of an arrow stands
in a column of its own between them, as a box above its line. Within a column a line is a straight
level stroke that nothing else shares its height with; it bends between columns only, where nothing
else stands. So no line can run through a state or a label, whatever the lifecycle is.

The steps are those of Sugiyama, Tagawa and Toda (1981): break cycles, assign columns, order each
column for few crossings, then choose heights. Everything is counted in whole pixels and no step
depends on chance, so that one lifecycle always gives one drawing. Why there is no library behind
it: docs/decisions/diagram-layout.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import attrs

from evalflow.model.values import define, frozen

Size = tuple[int, int]
"""Width and height in pixels."""

GAP = 12
"""The least distance of two boxes in a column."""
PORT = 12
"""The least distance of two lines at a state."""
STUB = 10
"""How far a line is level at both sides of a column; an arrowhead has room there."""

_SWEEPS = 16
_ROUNDS = 40
_ABOVE = 2  # a label's line runs this far above the lower edge of its box


@define(eq=False)
class Item:
    """What has a place in a column: a state, a label, the start, or a line passing by (a point).

    `x`, `y` is the upper left corner; `left` and `right` are the links at either side,
    `west` and `east` the bounds of its column, `place` counts within it from above.
    """

    column: int
    width: int = 0
    height: int = 0
    kind: str = "line"
    x: int = 0
    y: int = 0
    left: list[Link] = attrs.field(factory=list)
    right: list[Link] = attrs.field(factory=list)
    place: int = 0
    west: int = 0
    east: int = 0

    def port(self, link: Link) -> int:
        """Return how far below `y` the link joins."""
        if self.kind == "label":
            return self.height - _ABOVE
        side = self.right if link.a is self else self.left
        if self.kind != "state" or len(side) < 2:
            return self.height // 2
        return self.height * (side.index(link) + 1) // (len(side) + 1)


@define(eq=False)
class Link:
    """A piece of a line, from the item `a` in one column to `b` in the next."""

    a: Item
    b: Item
    weight: int = 1


@frozen
class Line:
    """A line as laid, from left to right; `backward` where its arrowhead is at the left end.

    `strokes` are its level pieces, one in each column (x of both ends, y); between two of them it
    bends. `label` is the upper left corner of its label's box, or None.
    """

    strokes: tuple[tuple[int, int, int], ...]
    backward: bool
    label: tuple[int, int] | None


@frozen
class Laid:
    """A laid region: its size, each state's box (x, y, width, height), each line in the order of
    the edges, and the middle of the start with the corners of its line."""

    width: int
    height: int
    states: Mapping[str, tuple[int, int, int, int]]
    lines: tuple[Line, ...]
    start: tuple[int, int]
    first: Line


def lay(
    states: Mapping[str, Size], edges: Sequence[tuple[str, str, Size]], initial: str, start: int
) -> Laid:
    """Lay out a region: `states` with their least sizes in the order of the file, `edges` between
    two different of them (source, target, the size of the label), and a start, `start` pixels
    wide, before `initial`. Boxes grow where many lines meet."""
    forward = _without_cycles(list(states), [(a, b) for a, b, _ in edges])
    ranks = _ranks(list(states), forward, initial)
    nodes = {
        name: Item(column=2 * ranks[name], width=w, height=h, kind="state")
        for name, (w, h) in states.items()
    }
    columns: dict[int, list[Item]] = {}

    def put(item: Item) -> Item:
        columns.setdefault(item.column, []).append(item)
        return item

    for node in nodes.values():
        put(node)
    begin = put(Item(column=nodes[initial].column - 1, width=start, height=start, kind="start"))
    entry = [begin, nodes[initial]]
    taken: dict[int, int] = {}
    chains = []
    for (low, high), (source, _, size) in zip(forward, edges, strict=True):
        first, last = nodes[low].column, nodes[high].column
        spots = range(first + 1, last, 2)
        near = spots[0] if source == low else spots[-1]
        spot = min(spots, key=lambda column: (taken.get(column, 0), abs(column - near)))
        taken[spot] = taken.get(spot, 0) + 1
        between = [
            put(Item(column=column, width=size[0], height=size[1] + 2 * _ABOVE, kind="label"))
            if column == spot
            else put(Item(column=column))
            for column in range(first + 1, last)
        ]
        chains.append([nodes[low], *between, nodes[high]])
    for chain in [entry, *chains]:
        for a, b in pairwise(chain):
            bends = (a.kind == "state") + (b.kind == "state")
            link = Link(a, b, weight=(8, 3, 1)[bends])
            a.right.append(link)
            b.left.append(link)
    order = [columns[number] for number in sorted(columns)]
    _order(order)
    for node in nodes.values():
        most = max(len(node.left), len(node.right))
        node.height = max(node.height, PORT * (most + 1))
    _heights(order)
    for chain in chains:
        _straighten(chain[1:-1], columns)
    top = min(item.y for column in order for item in column)
    for column in order:
        for item in column:
            item.y -= top
    width = _widths(order)
    return Laid(
        width=width,
        height=max(item.y + item.height for column in order for item in column),
        states={name: (n.x, n.y, n.width, n.height) for name, n in nodes.items()},
        lines=tuple(
            _line(chain, backward=chain[0] is nodes[target])
            for chain, (_, target, _) in zip(chains, edges, strict=True)
        ),
        start=(begin.x + start // 2, begin.y + begin.height // 2),
        first=_line(entry, backward=False),
    )


# ----------------------------------------------------------------- columns


def _without_cycles(names: list[str], edges: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the edges, those turned round that go against the order of the file in a cycle."""
    place = {name: number for number, name in enumerate(names)}
    reach = {name: _reached(name, edges) for name in names}
    return [(b, a) if place[a] > place[b] and a in reach[b] else (a, b) for a, b in edges]


def _reached(name: str, edges: Iterable[tuple[str, str]]) -> set[str]:
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    seen = {name}
    queue = [name]
    while queue:
        for each in following.get(queue.pop(), ()):
            if each not in seen:
                seen.add(each)
                queue.append(each)
    return seen


def _ranks(names: list[str], edges: Sequence[tuple[str, str]], initial: str) -> dict[str, int]:
    """Return the rank of each state: at least one more than all before it, the edges short."""
    pairs = sorted(set(edges))
    before: dict[str, list[str]] = {name: [] for name in names}
    after: dict[str, list[str]] = {name: [] for name in names}
    for a, b in pairs:
        after[a].append(b)
        before[b].append(a)
    rank = dict.fromkeys(names, 0)
    for _ in names:  # longest paths; there is no cycle, so this many rounds do
        for a, b in pairs:
            rank[b] = max(rank[b], rank[a] + 1)
    for _ in names:
        for name in names:
            ins, outs = before[name], after[name]
            low = max((rank[each] + 1 for each in ins), default=None)
            high = min((rank[each] - 1 for each in outs), default=None)
            if low is None and high is None:
                rank[name] = rank[initial] if name != initial else rank[name]
            elif low is None or (high is not None and len(outs) > len(ins)):
                rank[name] = high if high is not None else rank[name]
            elif high is None or len(ins) > len(outs):
                rank[name] = low
    lowest = min(rank.values())
    return {name: number - lowest for name, number in rank.items()}


# ----------------------------------------------------------------- crossings


def _order(columns: list[list[Item]]) -> None:
    """Order each column so that few lines cross, and the links at each item likewise."""
    for column in columns:
        _placed(column)
    best = [list(column) for column in columns]
    fewest = _crossings(columns)
    for sweep in range(_SWEEPS):
        rightward = sweep % 2 == 0
        for column in columns if rightward else reversed(columns):
            column.sort(key=lambda item: _middle(item, left=rightward))
            _placed(column)
        _swapped(columns)
        crossings = _crossings(columns)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    for column, kept in zip(columns, best, strict=True):
        column[:] = kept
        _placed(column)
    for column in columns:
        for item in column:
            item.left.sort(key=lambda link: link.a.place)
            item.right.sort(key=lambda link: link.b.place)


def _placed(column: list[Item]) -> None:
    for place, item in enumerate(column):
        item.place = place


def _middle(item: Item, *, left: bool) -> tuple[int, int]:
    """Return the mean place of the neighbours in thousandths, and the present place."""
    links = item.left if left else item.right
    places = [(link.a if left else link.b).place for link in links]
    mean = 1000 * sum(places) // len(places) if places else 1000 * item.place
    return mean, item.place


def _crossings(columns: list[list[Item]]) -> int:
    return sum(
        _between(column[i].right, column[j].right, left=False)
        for column in columns
        for i in range(len(column))
        for j in range(i + 1, len(column))
    )


def _between(upper: list[Link], lower: list[Link], *, left: bool) -> int:
    """Return how many links of the lower item end above links of the upper one."""
    above = [(link.a if left else link.b).place for link in upper]
    below = [(link.a if left else link.b).place for link in lower]
    return sum(a > b for a in above for b in below)


def _swapped(columns: list[list[Item]]) -> None:
    """Swap neighbours in a column for as long as that removes crossings."""
    better = True
    while better:
        better = False
        for column in columns:
            for here in range(len(column) - 1):
                a, b = column[here], column[here + 1]
                now = _between(a.left, b.left, left=True) + _between(a.right, b.right, left=False)
                then = _between(b.left, a.left, left=True) + _between(b.right, a.right, left=False)
                if then < now:
                    column[here], column[here + 1] = b, a
                    a.place, b.place = here + 1, here
                    better = True


# ----------------------------------------------------------------- places


def _heights(columns: list[list[Item]]) -> None:
    """Give each item its `y`: near those that it is linked with, in order, and apart."""
    for column in columns:
        y = 0
        for item in column:
            item.y = y
            y += item.height + GAP
    for turn in range(_ROUNDS):
        both = turn >= _ROUNDS // 2
        rightward = turn % 2 == 0
        for column in columns if rightward else reversed(columns):
            _settle(column, left=both or rightward, right=both or not rightward)


def _settle(column: list[Item], *, left: bool, right: bool) -> None:
    """Move the items of a column as near to where their links want them as their order allows:
    weighted least squares under an order, by pooling adjacent violators."""
    blocks: list[list[int]] = []  # wish times weight, weight, count
    offset = 0
    offsets = []
    for item in column:
        offsets.append(offset)
        total = weight = 0
        for link in item.left if left else ():
            wish = link.a.y + link.a.port(link) - item.port(link)
            total, weight = total + link.weight * wish, weight + link.weight
        for link in item.right if right else ():
            wish = link.b.y + link.b.port(link) - item.port(link)
            total, weight = total + link.weight * wish, weight + link.weight
        if not weight:
            total, weight = item.y, 1
        blocks.append([total - weight * offset, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
        offset += item.height + GAP
    number = 0
    for total, weight, count in blocks:
        base = (2 * total + weight) // (2 * weight)
        for _ in range(count):
            column[number].y = base + offsets[number]
            number += 1


def _straighten(passing: list[Item], columns: Mapping[int, list[Item]]) -> None:
    """Take the small steps out of a long line, as far as what stands above and below allows."""
    run: list[Item] = []
    low = high = 0
    for item in passing:
        column = columns[item.column]
        port = item.height - _ABOVE if item.kind == "label" else 0
        above = column[item.place - 1] if item.place else None
        below = column[item.place + 1] if item.place + 1 < len(column) else None
        least = port + (item.y - 40 if above is None else above.y + above.height + GAP)
        most = port + (item.y + 40 if below is None else below.y - item.height - GAP)
        if run and max(low, least) <= min(high, most):
            low, high = max(low, least), min(high, most)
        else:
            _levelled(run, low, high)
            run, low, high = [], least, most
        run.append(item)
    _levelled(run, low, high)


def _levelled(run: list[Item], low: int, high: int) -> None:
    if not run:
        return
    ports = [item.height - _ABOVE if item.kind == "label" else 0 for item in run]
    mean = sum(item.y + port for item, port in zip(run, ports, strict=True)) // len(run)
    for item, port in zip(run, ports, strict=True):
        item.y = min(max(mean, low), high) - port


def _widths(columns: list[list[Item]]) -> int:
    """Give each item its `x`, and return the whole width. Steeper lines get more room."""
    x = 0
    for number, column in enumerate(columns):
        width = max(item.width for item in column)
        for item in column:
            item.west, item.east = x, x + width + 2 * STUB
            item.x = x + STUB + (width - item.width) // 2
        x += width + 2 * STUB
        steep = max(
            (
                abs(link.b.y + link.b.port(link) - item.y - item.port(link))
                for item in column
                for link in item.right
            ),
            default=0,
        )
        if number + 1 < len(columns):
            x += min(12 + steep // 4, 60)
    return x


def _line(chain: list[Item], *, backward: bool) -> Line:
    first, last = chain[0], chain[-1]
    out = next(link for link in first.right if link.b is chain[1])
    into = next(link for link in last.left if link.a is chain[-2])
    label = next((item for item in chain if item.kind == "label"), None)
    return Line(
        strokes=(
            (first.x + first.width, first.east, first.y + first.port(out)),
            *((item.west, item.east, item.y + item.port(item.left[0])) for item in chain[1:-1]),
            (last.west, last.x, last.y + last.port(into)),
        ),
        backward=backward,
        label=None if label is None else (label.x, label.y),
    )
