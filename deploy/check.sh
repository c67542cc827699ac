#!/bin/sh
# Every static check, all of them even when one fails; the exit status tells. CHECKS="ruff types" runs some.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=""
# As in production: what `check --deploy` looks at must not be a laptop's settings.
production="DATABASE_URL=postgresql://blinkit@127.0.0.1/blinkit REDIS_URL=redis://127.0.0.1/0 ALLOWED_HOSTS=shop.example.com \
SITE_URL=https://shop.example.com DJANGO_SECRET_KEY=$($bin/python -c 'import secrets; print(secrets.token_hex(40))')"

check() {
	name=$1
	shift
	case " ${CHECKS:-$name} " in *" $name "*) ;; *) return ;; esac
	begin=$(date +%s)
	if output=$("$@" 2>&1); then
		printf 'ok      %-11s %3s s\n' "$name" $(($(date +%s) - begin))
	else
		printf 'FAILED  %-11s\n%s\n' "$name" "$output"
		failed="$failed $name"
	fi
}

check ruff $bin/ruff check --quiet .
check format $bin/ruff format --check --quiet .
check imports $bin/lint-imports --config pyproject.toml
check migrations env BLINKIT_TESTING=1 $bin/python -W ignore manage.py makemigrations --check --dry-run
check deploy env $production $bin/python manage.py check --deploy --fail-level WARNING
check templates $bin/djlint templates --lint --quiet
check types env BLINKIT_TESTING=1 $bin/mypy .

[ -z "$failed" ] || { echo "Failed:$failed"; exit 1; }
echo "All checks passed"
