#!/usr/bin/env bash
# Writes the locked, hashed requirement files anew from pyproject.toml. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"
compile() {
    uv pip compile ../pyproject.toml "${@:2}" --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-header --quiet --output-file "$1"
}
group=../pyproject.toml
compile product.txt
compile demo.txt --constraint product.txt --group $group:demo
compile develop.txt --constraint demo.txt --group $group:demo --group $group:test --group $group:lint
