"""The form kit: what every form must do, as tests to inherit.

    import pytest
    from evalflow.testing import FormConformance
    from evalflow_letter import Letter, LetterOptions

    class TestLetter(FormConformance):
        asked = {"unit": "welfare"}          # what it needs besides plan and period

        @pytest.fixture
        def form(self):
            return Letter(LetterOptions())

It is written of a small office after its quarter, in each of its formats. What a form does
otherwise on purpose is declared by an attribute, and skipped with a word.
"""

# A test's name is its sentence.
# ruff: noqa: D102

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from evalflow import InvalidInput, NotFound
from evalflow.plugins import Form, FormFinding, FormRequest
from evalflow.testing.quarter import PERIOD, PLAN_ID, PLAYED, Quarter, quarter

_STORE = b"SQLite format 3\0" + bytes(range(256))


class FormConformance:
    """Tests that a form keeps its contract; inherit them and give `form`.

    Attributes:
        asked: what a `FormRequest` says besides plan, period and moment, such as a unit (`welfare`,
            `education`, `elderly`) or a project's number (`1`, `2`).
        checks: it can say whether a file that it wrote still agrees with the store.
    """

    asked: ClassVar[Mapping[str, Any]] = {}
    checks: ClassVar[bool] = True

    # ------------------------------------------------------------------ to be given

    @pytest.fixture
    def form(self) -> Form:
        """Return the form under test."""
        raise NotImplementedError("give a fixture `form`; see evalflow.testing.form")

    @pytest.fixture
    def office(self, tmp_path: Path) -> Iterator[Quarter]:
        """A small office after its first quarter."""
        with quarter(tmp_path) as found:
            yield found

    def _request(self, **said: Any) -> FormRequest:
        return FormRequest(
            **{"plan": PLAN_ID, "period": PERIOD, "at": PLAYED, **self.asked, **said}
        )

    def _written(self, form: Form, office: Quarter, folder: Path) -> list[Path]:
        """Write the form in each of its formats."""
        files = [folder / f"form{suffix}" for suffix in form.formats]
        for file in files:
            form.write(office.engine, file, self._request())
        return files

    def _checking(self) -> None:
        if not self.checks:
            pytest.skip(f"{type(self).__name__} declares checks = False: its files say nothing")

    # ------------------------------------------------------------------ what it is

    def test_it_is_a_form_with_a_name_in_both_languages_and_formats(self, form: Form) -> None:
        assert isinstance(form, Form)
        assert form.label.ko.strip()
        assert form.label.en.strip()
        assert form.formats
        for suffix in form.formats:
            assert suffix == suffix.lower()
            assert suffix.startswith(".")

    # ------------------------------------------------------------------ writing

    def test_it_is_written_in_each_format_with_a_line_of_evidence(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        for suffix in form.formats:
            file = tmp_path / f"form{suffix}"
            line = form.write(office.engine, file, self._request())
            assert file.stat().st_size
            assert line.strip()
            assert "\n" not in line
            assert form.write(office.engine, str(file), self._request()) == line  # over its own

    def test_written_twice_it_is_the_same_to_the_byte_whatever_the_clock_says(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        first = [file.read_bytes() for file in self._written(form, office, tmp_path)]
        office.clock.moment += dt.timedelta(minutes=90, seconds=7)
        again = tmp_path / "again"
        again.mkdir()
        assert [file.read_bytes() for file in self._written(form, office, again)] == first

    def test_nothing_is_written_into_the_store(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        before = office.all_of_it()
        for file in self._written(form, office, tmp_path):
            form.check(office.engine, file)
        assert office.all_of_it() == before

    def test_a_store_and_a_link_are_left_alone(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        suffix = form.formats[0]
        store, target, link = (tmp_path / f"{n}{suffix}" for n in ("store", "target", "link"))
        store.write_bytes(_STORE)
        target.write_bytes(b"somebody's")
        link.symlink_to(target)
        for file in (store, link):
            with pytest.raises((InvalidInput, OSError)):
                form.write(office.engine, file, self._request())
        assert store.read_bytes() == _STORE
        assert (target.read_bytes(), link.is_symlink()) == (b"somebody's", True)

    def test_a_format_that_it_does_not_have_is_refused_and_leaves_no_file(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        file = tmp_path / "form.unknown"
        with pytest.raises(InvalidInput):
            form.write(office.engine, file, self._request())
        assert not file.exists()

    def test_a_plan_and_a_period_that_are_not_there_are_not_found(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        file = tmp_path / f"form{form.formats[0]}"
        for said in ({"plan": "nowhere-2016"}, {"period": "1999-Q1"}):
            with pytest.raises((NotFound, InvalidInput)):
                form.write(office.engine, file, self._request(**said))
        assert not file.exists()

    def test_a_folder_that_is_not_there_is_the_systems_error(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        with pytest.raises(OSError):
            form.write(office.engine, tmp_path / "no" / f"f{form.formats[0]}", self._request())

    # ------------------------------------------------------------------ checking

    def test_what_it_wrote_agrees_with_the_store(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        self._checking()
        for file in self._written(form, office, tmp_path):
            found = form.check(office.engine, file)
            assert found
            assert _fault(found) is None
            assert all(each.ko.strip() and each.en.strip() for each in found)

    def test_it_still_agrees_when_the_office_has_gone_on(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        self._checking()
        files = self._written(form, office, tmp_path)
        office.goes_on()
        for file in files:
            found = form.check(office.engine, file)
            assert found
            assert _fault(found) is None

    def test_a_file_that_was_edited_does_not_agree(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        self._checking()
        for file in self._written(form, office, tmp_path):
            whole = file.read_bytes()
            half = len(whole) // 2
            for edited in (whole + b" ", whole[:half], whole[:half] + b"?" + whole[half + 1 :]):
                file.write_bytes(edited)
                found = form.check(office.engine, file)
                assert edited == whole or not found or _fault(found) is not None, file.name

    def test_a_form_of_another_store_does_not_agree(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        self._checking()
        other = tmp_path / "other"
        other.mkdir()
        with quarter(other, title="학교 지원단") as elsewhere:
            for file in self._written(form, office, tmp_path):
                found = form.check(elsewhere.engine, file)
                assert not found or _fault(found) is not None

    def test_what_is_no_form_of_its_kind_is_none_of_its(
        self, form: Form, office: Quarter, tmp_path: Path
    ) -> None:
        for suffix in (*form.formats, ".txt"):
            file = tmp_path / f"other{suffix}"
            for content in (b"", b"something else", _STORE):
                file.write_bytes(content)
                assert form.check(office.engine, file) is None


def _fault(found: Sequence[FormFinding] | None) -> FormFinding | None:
    return next((each for each in found or () if not each.agrees), None)
