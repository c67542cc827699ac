#!/bin/sh
# Every static check, all of them even when one fails; the exit status tells. CHECKS="ruff types" runs some.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
# As in production: what `check --deploy` looks at must not be a laptop's settings.
production="DATABASE_URL=postgresql://blinkit@127.0.0.1/blinkit REDIS_URL=redis://127.0.0.1/0 ALLOWED_HOSTS=shop.example.com \
SITE_URL=https://shop.example.com DJANGO_SECRET_KEY=$($bin/python -c 'import secrets; print(secrets.token_hex(40))')"

told=$(mktemp -d)
trap 'rm -rf "$told"' EXIT

check() {
	name=$1
	shift
	begin=$(date +%s)
	if output=$("$@" 2>&1); then
		printf 'ok      %-11s %3s s\n' "$name" $(($(date +%s) - begin))
	else
		printf 'FAILED  %-11s\n%s\n' "$name" "$output"
		echo "$name" >>"$told/failed"
	fi
}

wanted() {
	case " ${CHECKS:-$1} " in *" $1 "*) ;; *) return 1 ;; esac
}

# Types take longer than all the others together: two processes look at them, beside the others.
wanted types && check types env BLINKIT_TESTING=1 $bin/mypy -n 2 . >"$told/types" &
wanted ruff && check ruff $bin/ruff check --quiet .
wanted format && check format $bin/ruff format --check --quiet .
wanted imports && check imports $bin/lint-imports --config pyproject.toml
wanted migrations && check migrations env BLINKIT_TESTING=1 $bin/python -W ignore manage.py makemigrations --check --dry-run
wanted deploy && check deploy env $production $bin/python manage.py check --deploy --fail-level WARNING
wanted templates && check templates $bin/djlint templates --lint --quiet
wait
[ ! -e "$told/types" ] || cat "$told/types"

[ ! -e "$told/failed" ] || { echo "Failed:" $(cat "$told/failed"); exit 1; }
echo "All checks passed"
