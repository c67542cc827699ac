"""Makes .venv and installs exactly what a lock file names. Runs on a bare Python; does nothing when all is in place.

    python3 deploy/setup.py requirements.txt

The virtual environment carries a stamp with the lock file's hash, so a second start costs no time. The development
lock contains the other one, so it also counts as installed for `make run`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.txt"
LOCKS = ["requirements.txt", "requirements-dev.txt"]  # each contains the ones before it
PROGRESS_EVERY_S = 5


def main(lock: str) -> int:
    if sys.version_info < (3, 11):
        found = ".".join(map(str, sys.version_info[:3]))
        return fail(f"Python 3.11 or later is needed and this is {found}: try `make PYTHON=python3.11 ...`.")
    wanted = {name: f"{name} {digest(name)}" for name in LOCKS[LOCKS.index(lock) :]}
    have = STAMP.read_text().splitlines() if STAMP.exists() and (VENV / "bin" / "python").exists() else []
    if any(line in have for line in wanted.values()):
        return 0
    started = time.monotonic()
    if not works(VENV / "bin" / "python"):
        say("Making the virtual environment")
        shutil.rmtree(VENV, ignore_errors=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            reason = (made.stderr or made.stdout).strip()[-300:]
            return fail(f"Cannot make .venv (on Debian: apt install python3-venv). {reason}")
    count = sum(line[:1].isalnum() for line in (ROOT / lock).read_text().splitlines())
    say(f"Installing {count} packages from {lock}")
    if not install(lock):
        return 1
    STAMP.write_text(wanted[lock] + "\n")
    say(f"Packages are in place ({time.monotonic() - started:.0f} s)")
    return 0


def install(lock: str) -> bool:
    """With uv, which is several times quicker, else with pip; both check every hash."""
    python = str(VENV / "bin" / "python")
    uv = VENV / "bin" / "uv"
    if not uv.exists() and not os.environ.get("BLINKIT_NO_UV"):
        hashes = ROOT / "deploy" / "uv.txt"
        run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(hashes)], quiet=True)
    if uv.exists() and not os.environ.get("BLINKIT_NO_UV"):
        env = dict(os.environ)
        if env.get("PIP_INDEX_URL"):
            env.setdefault("UV_INDEX_URL", env["PIP_INDEX_URL"])
        if env.get("PIP_CERT"):
            env.setdefault("SSL_CERT_FILE", env["PIP_CERT"])
        env.setdefault("UV_LINK_MODE", "copy")
        if run(
            [str(uv), "pip", "install", "--python", python, "--quiet", "--require-hashes", "-r", lock], env, quiet=True
        ):
            return True
    if run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock]):
        return True
    fail("The packages could not be installed: the lines above say why. Is the Python package index reachable?")
    return False


def run(command: list[str], env: dict[str, str] | None = None, *, quiet: bool = False) -> bool:
    started, told = time.monotonic(), 0
    output = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    while True:
        try:
            return process.wait(timeout=1) == 0
        except subprocess.TimeoutExpired:
            waited = int(time.monotonic() - started)
            if waited // PROGRESS_EVERY_S > told:
                told = waited // PROGRESS_EVERY_S
                say(f"  still installing ({waited} s)")
        except BaseException:
            process.kill()
            raise


def works(python: Path) -> bool:
    try:
        return subprocess.run([python, "-c", "import pip"], capture_output=True).returncode == 0
    except OSError:
        return False


def digest(name: str) -> str:
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()[:16] + f" python{python}"


def say(line: str) -> None:
    print(line, flush=True)


def fail(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else LOCKS[0]))
