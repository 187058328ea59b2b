from decimal import Decimal

import pytest
from evalflow.testing import ScorerConformance
from evalflow_points import Points, PointsOptions


class TestPoints(ScorerConformance):
    @pytest.fixture
    def scorer(self):
        return Points(PointsOptions())


@pytest.mark.parametrize(
    ("rate", "points"),
    [("50", "20"), ("60", "20"), ("84.95", "69.9"), ("100", "100"), ("130", "100")],
)
def test_points_run_along_a_line(rate, points):
    from evalflow_points import half_up

    assert half_up(Points(PointsOptions()).points(Decimal(rate))) == Decimal(points)
