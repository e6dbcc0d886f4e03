#!/usr/bin/env bash
# Writes the locked, hashed requirement files anew from pyproject.toml. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"
compile() {
    uv pip compile "${@:2}" --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-header --quiet --output-file "$1"
}
project=../pyproject.toml
compile product.txt $project
compile demo.txt $project --constraint product.txt --group $project:demo
compile develop.txt $project --constraint demo.txt --group $project:demo --group $project:test --group $project:lint
compile audit.txt --group $project:audit
