"""(written below)"""

from django.http import HttpRequest, HttpResponse


def subscribe(request: HttpRequest) -> HttpResponse: ...
def stop(request: HttpRequest) -> HttpResponse: ...
