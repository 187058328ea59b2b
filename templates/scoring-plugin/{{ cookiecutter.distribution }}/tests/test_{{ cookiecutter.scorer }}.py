import pytest
from evalflow.testing import ScorerConformance
from {{ cookiecutter.package }} import Options, Scorer


class TestScorer(ScorerConformance):
    @pytest.fixture
    def scorer(self):
        return Scorer(Options())
