"""`python -m scheduler.forecast_worker`: a ForecastRequest on stdin, a Forecast on stdout.

With `--calibrate` it answers with the Calibration that the request's history teaches.
"""

import sys

from scheduler.worker_program import run_worker
from solard.core.planning import ForecastRequest


def _forecast(request: ForecastRequest) -> object:
    from scheduler.forecasting import make_forecast  # pvlib takes a second to load

    return make_forecast(request)


def _calibrate(request: ForecastRequest) -> object:
    from scheduler.forecasting import make_calibration

    return make_calibration(request)


if __name__ == "__main__":
    run_worker(ForecastRequest, _calibrate if sys.argv[1:] == ["--calibrate"] else _forecast)
