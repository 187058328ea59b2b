"""Errors of evalflow that a view lets out, as answers with the right HTTP status."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.log import log_response

import evalflow
from evalflow import EvalflowError, InvalidInput, http_status, to_data
from evalflow_django.words import language, say


class EvalflowMiddleware(MiddlewareMixin):
    """Answers an error of evalflow by the status of `evalflow.http_status` and its reasons, in the
    language of the request: as JSON where that is preferred, else as the page
    `evalflow_django/error.html`, which a site may have a template of its own for.

    The view's transaction is rolled back by then (`ATOMIC_REQUESTS`, or `transaction.atomic` that
    the error left). What evalflow logs meanwhile, and tells plugins, bears the request's id: the
    `X-Request-Id` that it brings, or a new one, which the answer bears, too.
    """

    def __call__(self, request: HttpRequest) -> Any:
        """Answer as part of the request of this id; with an asynchronous host, later."""
        if self.async_mode:
            return self.__acall__(request)
        with _identified(request) as known:
            response: Any = super().__call__(request)  # no coroutine: the host is not asynchronous
            response.headers.setdefault(_ID, known)
            return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as part of the request of this id."""
        with _identified(request) as known:
            response = await super().__acall__(request)
            response.headers.setdefault(_ID, known)
            return response

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


_ID = "X-Request-Id"


@contextmanager
def _identified(request: HttpRequest) -> Iterator[str]:
    """Do what stands inside as part of the request, and give its id."""
    with ExitStack() as stack:
        known = evalflow.request_id() or request.headers.get(_ID, "")
        try:
            stack.enter_context(evalflow.request(known))
        except InvalidInput:
            known = uuid.uuid4().hex
            stack.enter_context(evalflow.request(known))
        yield known


def _title(status: int) -> str:
    titles = {
        403: ("권한이 없습니다", "Not permitted"),
        404: ("찾을 수 없습니다", "Not found"),
        409: ("지금은 처리할 수 없습니다", "Not possible now"),
        422: ("입력한 내용을 확인하십시오", "Please check what was handed in"),
    }
    return say(*titles.get(status, ("지금 이용할 수 없습니다", "Not available now")))
