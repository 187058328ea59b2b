"""Errors of evalflow that a view lets out, as answers with the right HTTP status."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.log import log_response

from evalflow import EvalflowError, http_status, to_data
from evalflow_django.words import language, say


class EvalflowMiddleware(MiddlewareMixin):
    """Answers an error of evalflow by the status of `evalflow.http_status` and its reasons, in the
    language of the request: as JSON where that is preferred, else as the page
    `evalflow_django/error.html`, which a site may have a template of its own for.

    The view's transaction is rolled back by then (`ATOMIC_REQUESTS`, or `transaction.atomic` that
    the error left).
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer, or leave another error to others."""
        if not isinstance(exception, EvalflowError):
            return None
        status = http_status(exception)
        kind = request.get_preferred_type(["text/html", "application/json"])
        response: HttpResponse
        if kind == "application/json":
            told = {"error": to_data(exception), "text": exception.text(language())}
            response = JsonResponse(told, status=status, json_dumps_params={"ensure_ascii": False})
        else:
            about = {"language": language(), "title": _title(status), "error": exception}
            about["lines"] = exception.text(language()).splitlines()
            response = render(request, "evalflow_django/error.html", about, status=status)
        log_response(
            "%s: %s", type(exception).__name__, request.path,
            response=response, request=request, exception=exception,
        )  # fmt: skip
        return response


def _title(status: int) -> str:
    titles = {
        403: ("권한이 없습니다", "Not permitted"),
        404: ("찾을 수 없습니다", "Not found"),
        409: ("지금은 처리할 수 없습니다", "Not possible now"),
        422: ("입력한 내용을 확인하십시오", "Please check what was handed in"),
    }
    return say(*titles.get(status, ("지금 이용할 수 없습니다", "Not available now")))
