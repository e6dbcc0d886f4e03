#!/bin/sh
# Makes .venv and installs one lock into it: requirements/install.sh demo|develop. A second word names another folder.
# A stamp holds the lock's checksum, so that a second call costs nothing. PYTHON chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
lock=$1
python=${PYTHON:-python3}
venv=${2:-.venv}
stamp=$venv/installed-$lock

command -v "$python" >/dev/null || { echo "There is no $python: install Python 3.11 or newer." >&2; exit 1; }
version=$("$python" -c 'import sys; print(sys.version_info >= (3, 11), "%d.%d" % sys.version_info[:2])')
case $version in
    True*) version=${version#True } ;;
    *) echo "$python is Python ${version#False }; set PYTHON to 3.11 or newer, e.g. make demo PYTHON=python3.12" >&2; exit 1 ;;
esac
wanted="$version $(cat requirements/product.txt requirements/demo.txt "requirements/$lock.txt" | cksum)"

if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
if [ "$("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$version" ]; then
    rm -rf "$venv"
fi
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv "$venv" || {
        echo "Python cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    }
fi
echo "Installing Python packages (once for each change of requirements/$lock.txt)"
"$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps \
    --require-hashes --requirement "requirements/$lock.txt"
echo "$wanted" >"$stamp"
