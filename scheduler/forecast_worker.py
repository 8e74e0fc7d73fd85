"""`python -m scheduler.forecast_worker`: a ForecastRequest on stdin, a Forecast on stdout."""

from scheduler.worker_program import run_worker
from solard.core.planning import ForecastRequest


def _answer(request: ForecastRequest) -> object:
    from scheduler.forecasting import make_forecast

    return make_forecast(request)


if __name__ == "__main__":
    run_worker(ForecastRequest, _answer)
