"""Exit status 0 when the address answers well: the image has no curl."""

import sys
import urllib.request

try:
    request = urllib.request.Request(sys.argv[1], headers={"X-Forwarded-Proto": "https", "Host": "localhost"})
    sys.exit(0 if urllib.request.urlopen(request, timeout=4).status < 400 else 1)
except OSError as error:
    sys.exit(str(error))
