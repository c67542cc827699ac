"""Where the embedded servers keep their things, and the addresses that follow from it.

Both servers listen on unix sockets only, never on a port: PostgreSQL trusts whoever can open its socket, so the
socket lives in a directory that only its owner (and root) may enter, and a stranger on a shared machine has nothing to
knock at. Addresses follow from the data directory alone, so every process finds the servers without being told.

    .data/                 the data directory (BLINKIT_DATA_DIR)
      pg/ run/ media/      what `make run` works on: pg is the database, run has sockets, locks and logs
      test/pg/ test/run/   the same for tests: never the same servers, never the same data
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from blinkit import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
SOCKET_PATH_LIMIT = 103  # sun_path holds 107 bytes on Linux, 103 on macOS
NOT_YOURS = "It may belong to another user: set BLINKIT_DATA_DIR to a place of yours."

PROFILES = ("run", "test")


@dataclass(frozen=True, slots=True)
class Places:
    """The paths of one profile. `home` may lie elsewhere than the data directory: see `server_user`."""

    profile: str
    home: Path
    sockets: Path

    @property
    def postgres_data(self) -> Path:
        return self.home / "pg"

    @property
    def valkey_data(self) -> Path:
        return self.home / "valkey"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def postgres_socket(self) -> Path:
        return self.sockets / ".s.PGSQL.5432"


def current_profile() -> str:
    name = "test" if env.flag("BLINKIT_TESTING", default=False) else "run"
    return env.choice("BLINKIT_PROFILE", PROFILES, default=name)


def data_dir() -> Path:
    """The data directory; made if it is not there."""
    found = Path(env.text("BLINKIT_DATA_DIR", default=str(BASE_DIR / ".data"))).expanduser().absolute()
    try:
        found.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise env.BadSetting(f"BLINKIT_DATA_DIR: cannot make {found}: {error.strerror}.") from None
    return found


def server_ids() -> tuple[int, int] | None:
    """The user and group the servers run as, or None for our own.

    PostgreSQL refuses to run as root. For root it is the owner of the checkout where that is an ordinary person (a
    directory mounted into a container), else `nobody`.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    owner = BASE_DIR.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    import pwd

    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return found.pw_uid, found.pw_gid


def can_reach(path: Path, ids: tuple[int, int]) -> bool:
    """Whether the user may walk to `path` (search permission on every directory above it and on itself)."""
    for place in (path, *path.parents):
        if not place.exists():
            continue
        found = place.stat()
        if found.st_uid == ids[0]:
            bit = stat.S_IXUSR
        elif found.st_gid == ids[1]:
            bit = stat.S_IXGRP
        else:
            bit = stat.S_IXOTH
        if not found.st_mode & bit:
            return False
    return True


def places(profile: str | None = None) -> Places:
    profile = profile or current_profile()
    data = data_dir()
    mark = hashlib.sha256(str(data).encode()).hexdigest()[:10]
    ids = server_ids()
    if ids and not can_reach(data, ids):
        # The checkout is in a private home (/root is closed to everyone else): keep the servers' files outside it.
        data = Path("/var/tmp") / f"blinkit-{mark}"
    home = data if profile == "run" else data / profile
    sockets = home / "run" / "sockets"
    if len(os.fsencode(sockets / ".s.PGSQL.5432.lock")) > SOCKET_PATH_LIMIT:
        uid = ids[0] if ids else os.getuid()
        sockets = Path("/tmp") / f"blinkit-{uid}-{mark}-{profile}"
    return Places(profile=profile, home=home, sockets=sockets)


def database_url() -> str:
    return f"postgresql://postgres@/blinkit?host={places().sockets}&port=5432"


def redis_url() -> str:
    return f"unix://{places().valkey_socket}?db=0"


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis address: it has its own for sockets."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?virtual_host={dict([query.split('=')]).get('db', '0') if query else '0'}"


def secret_key() -> str:
    """A key of this checkout's own, made once. Only for embedded use: elsewhere DJANGO_SECRET_KEY is required."""
    if env.flag("BLINKIT_TESTING", default=False):
        return "only-for-tests-and-checks-0123456789-0123456789-0123456789"
    path = data_dir() / "secret_key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(os.urandom(40).hex())
    except FileExistsError:
        pass
    except OSError as error:
        raise env.BadSetting(
            f"cannot write {path}: {error.strerror}. Set BLINKIT_DATA_DIR to a place of yours."
        ) from None
    try:
        return path.read_text().strip() or "the-key-is-being-written"
    except OSError as error:
        raise env.BadSetting(
            f"cannot read {path}: {error.strerror}. Set BLINKIT_DATA_DIR to a place of yours."
        ) from None


def push_key() -> str:
    """The private key web push messages are signed with, made once and kept: browsers know its public half. Only for
    embedded use: elsewhere VAPID_PRIVATE_KEY says it."""
    path = data_dir() / "push_key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="))
    except OSError:
        pass  # it is there, or nothing can be kept here: then there is no web push
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def derived_secret(key: str, purpose: str) -> str:
    return hashlib.sha256(f"{purpose}:{key}".encode()).hexdigest()
