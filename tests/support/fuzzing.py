"""What outsiders hand to evalflow, as targets for fuzzing: bytes in, an answer or an EvalflowError.

    python tests/fuzzing.py plan 20

lets atheris lead the target `plan` for 20 seconds, by what it covers.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

if __name__ == "__main__":  # what is imported from here on is followed
    import atheris

    atheris.instrument_imports(include=["evalflow"]).__enter__()

import evalflow
from evalflow.audit.log import read_checkpoint
from evalflow.audit.verification import Checkpoint
from evalflow.batch.script import load_script
from evalflow.batch.selection import conditions, from_text, numbers_from
from evalflow.files.table_heads import Column
from evalflow.files.table_reader import read_table
from evalflow.model.calendar import period
from evalflow.plugins.signer import VerifierKey
from evalflow.testing import load_scenario
from evalflow.testing.office import Ticking, data_for, plan_text, the_plan

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

NASTY = (
    "\0", "\u202e", "\u200b", "\ufeff", "\ud7ff", "\uffff", "\U0010ffff",
    "1e999999999", "-1e999999999", "1e-999999999", "NaN", "Infinity", "-Infinity", "-1", "-0", "0",
    "9" * 4000, "0x10", "1/0", "1/3", "١٢٣", "𝟙", "१", "²", "=1+1", "+1", "@a", "2016-02-30",
    "0000-00-00",
    "9999-12-31", "10000-01-01", "2016-Q5", "2016-Q0", "true", "null", "~", "[]", "{}", "[[[[",
    "}}}}",
    "*a", "&a [*a]", "<<: *a", "!!python/object/apply:os.system [id]", "? ", "- - - -", "|", ">",
    "%",
    "\t", "\r", "\x85", "\u2028", "'", '"', "\\", "`", "--- \n", "...\n", "../../../../etc/passwd",
    "/dev/zero", "file:///etc/passwd", "'; DROP TABLE entry; --", "가" * 300, "a" * 70_000,
    "%s%n{0}",
)  # fmt: skip
"""Pieces of text that have broken programs."""


@attrs.frozen
class Target:
    """One thing that takes bytes: what to call, and right samples to begin with."""

    call: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]


def _on_disk(
    ending: str, load: Callable[[Path], object], *beside: Path
) -> Callable[[bytes], object]:
    def call(content: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"input{ending}"
            path.write_bytes(content)
            for plan in beside:
                (Path(folder) / plan.name).symlink_to(plan)
            return load(path)

    return call


def _files(*patterns: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for p in patterns for path in sorted(ROOT.glob(p))]


def _engine(each: int = 1) -> evalflow.Engine:
    plan = the_plan(each=each)
    engine = evalflow.open("memory:", plugins=[], clock=Ticking())
    engine.adopt(plan, by=plan.actor("policy-1"))
    return engine


# --------------------------------------------------------------------------- batches and bundles


@cache
def _batch_seed() -> bytes:
    engine = _engine()
    by = engine.actor("office-2016", "welfare-a-1")
    data = {"actuals": {"done": 12}, "progress": "추진"}
    batch = engine.batch("self_evaluate", by=by, where={"unit": "welfare-a"}, data=data)
    with tempfile.TemporaryDirectory() as folder:
        batch.save(Path(folder) / "b.jsonl")
        return (Path(folder) / "b.jsonl").read_bytes()


def _apply_batch(path: Path) -> object:
    """Load a plan, which may be forged whole, and apply it."""
    engine = _engine()
    batch = evalflow.load_batch(path)
    receipts = list(engine.batches.apply(batch, by=batch.header.by))
    assert list(engine.audit.verify()) == []
    return receipts


def _resealed(path: Path) -> object:
    """The same, with the hash in the last line made to fit, as a forger would."""
    import hashlib

    lines = path.read_bytes().split(b"\n")
    body = b"\n".join(lines[:-2]) + b"\n"
    if len(lines) > 2:
        seal = hashlib.sha256(body).hexdigest().encode()
        before = lines[-2].split(b'"sha256":"')
        if len(before) == 2:
            lines[-2] = before[0] + b'"sha256":"' + seal + before[1][64:]
    path.write_bytes(b"\n".join(lines))
    return _apply_batch(path)


@cache
def _bundle_seed() -> bytes:
    engine = _engine()
    with tempfile.TemporaryDirectory() as folder:
        engine.audit.export(Path(folder) / "a.zip", plan="office-2016")
        return (Path(folder) / "a.zip").read_bytes()


# --------------------------------------------------------------------------- tables

COLUMNS = (
    Column("number", ("관리번호", "번호")),
    Column("name", ("사업명",)),
    Column("won", ("사업비", "예산"), required=False),
    Column("day", ("시작일",), required=False),
)
_TABLE = (
    '관리번호,사업명,사업비(백만원),시작일\n1,가,"1,000",2016-03-01\n합계,,5,\n2,나,-,\'16.3.1\n'
)


def _read_table(content: bytes) -> object:
    table = read_table(content, COLUMNS, name="t")
    for row in table.rows:
        row.figure("number")
        row.text("name")
        row.won("won", None)
        row.date("day", None)
    table.raise_if_any()
    return table


@cache
def _workbooks() -> list[bytes]:
    """A right one, and one with a formula that was never calculated and an error in a cell."""
    return [_workbook(right=True), _workbook(right=False)]


def _workbook(*, right: bool) -> bytes:
    import io

    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet("목록")
    page.merge_range(0, 0, 0, 3, "2016년 사업")
    page.write_row(1, 0, ["관리번호", "사업명", "사업비(천원)", "시작일"])
    page.write_row(2, 0, [1, "가", 1000])
    if right:
        page.write_row(3, 0, [2, "나", 1500])
    else:
        page.write_formula(3, 0, "=1+1", None, 2)
        page.write_row(3, 1, ["=cmd|' /C calc'!A0", "#REF!"])
    page.write_datetime(
        2, 3, dt.datetime(2016, 3, 1), book.add_format({"num_format": "yyyy-mm-dd"})
    )
    book.close()
    return out.getvalue()


# --------------------------------------------------------------------------- texts


def _texts(content: bytes) -> object:
    """What is typed: conditions, numbers, periods, checkpoints, ids."""
    text = content.decode("utf-8", "surrogateescape")
    first, _, rest = text.partition("\n")
    engine = _engine_of_texts()
    by = engine.actor("office-2016", "policy-1")
    tried: list[Callable[[], object]] = [
        lambda: from_text([first, rest]),
        lambda: conditions({first: rest}),
        lambda: numbers_from(first),
        lambda: period(first),
        lambda: Checkpoint.read(text),
        lambda: read_checkpoint(text),
        lambda: VerifierKey.read(text),
        lambda: engine.actor("office-2016", first),
        lambda: engine.plans.head(first),
        lambda: list(engine.history(first)),
        lambda: list(engine.projects(numbers=[first, rest])),
        lambda: list(engine.projects(state=first, field=rest, band=first, period=rest)),
        lambda: engine.evaluation("office-2016/1", first),
        lambda: engine.fire(first, rest, by=by),
        lambda: engine.fire("office-2016/1", first, by=by, data={first: rest}, key=rest),
        lambda: evalflow.open(text, plugins=[]) if ":" not in first else None,
    ]
    return [_answer(each) for each in tried]


def _answer(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except evalflow.EvalflowError as error:
        return error.text("ko"), error.text("en")


@cache
def _engine_of_texts() -> evalflow.Engine:
    return _engine()


TARGETS: Mapping[str, Target] = {
    "lifecycle": Target(
        _on_disk(".yaml", evalflow.load_lifecycle),
        _files("src/evalflow/lifecycle/presets/*.yaml"),
    ),
    "plan": Target(
        _on_disk(".yaml", evalflow.load_plan),
        lambda: [
            plan_text(each=1).encode(),
            (EXAMPLES / "seodaemun-2016/orders.yaml").read_bytes(),
        ],
    ),
    "scenario": Target(
        _on_disk(
            ".yaml",
            load_scenario,
            *(
                EXAMPLES / f"other-offices/{office}.yaml"
                for office in ("mapo", "seongnam", "seoul")
            ),
        ),
        _files("examples/other-offices/*.scenario.yaml"),
    ),
    "batch script": Target(
        _on_disk(".yaml", load_script),
        lambda: [
            "evalflow: batch-script/1\nko: 분기\nas: policy-1\nsteps:\n- event: approve\n"
            "  where: {state: reviewed, unit: gu}\n  stop: {refused: 5%}\n".encode()
        ],
    ),
    "batch": Target(_on_disk(".jsonl", _apply_batch), lambda: [_batch_seed()]),
    "forged batch": Target(_on_disk(".jsonl", _resealed), lambda: [_batch_seed()]),
    "bundle": Target(_on_disk(".zip", evalflow.verify_bundle), lambda: [_bundle_seed()]),
    "csv": Target(
        _read_table, lambda: [_TABLE.encode(code) for code in ("utf-8-sig", "cp949", "utf-16")]
    ),
    "workbook": Target(_read_table, _workbooks),
    "text": Target(
        _texts,
        lambda: [
            b"state=planned,reviewed\nunit=gu",
            b"1-3,7\n",
            b"2016-Q1\n1",
            b"office-2016/1\nreview",
            str(_engine_of_texts().audit.checkpoint()).encode(),
            str(_engine_of_texts().audit.sign_checkpoint()).encode(),
        ],
    ),
}


def attempt(name: str, content: bytes) -> bool:
    """Hand the content over; say whether it was taken. Anything but an EvalflowError comes out."""
    try:
        TARGETS[name].call(content)
    except evalflow.EvalflowError as error:
        for lang in ("ko", "en"):
            assert error.text(lang).strip()
        return False
    return True


def data_of(event: str) -> Mapping[str, Any]:
    """Return right data for an event of the endless office."""
    return data_for(_engine_of_texts().project("office-2016/1"), event, 1)


def main() -> None:
    """Let atheris lead one target for some seconds."""
    name, seconds = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(TARGETS[name].seeds()):
            (Path(folder) / f"seed{number}").write_bytes(seed)
        (Path(folder) / "words.dict").write_text(
            "".join(f'"{_escaped(word)}"\n' for word in NASTY if len(word) < 60), "ascii"
        )
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for path in Path(folder).glob("seed*"):
            path.rename(corpus / path.name)
        atheris.Setup(
            [
                sys.argv[0], f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048",
                f"-dict={folder}/words.dict", "-print_final_stats=1", "-max_len=200000",
                str(corpus),
            ],
            lambda content: attempt(name, content),
        )  # fmt: skip
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02X}" for byte in word.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    main()
