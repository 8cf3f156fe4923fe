#!/usr/bin/env bash
# Tries all that is installed from here: see checks/. As root on Debian it installs the tools that are
# missing; what it fetches is kept in $CI_CACHE, else in ~/.cache/xt211-bridge-ci.
set -euo pipefail
cd "$(dirname "$0")/checks"

passed=0 failed=0 skipped=0
for check in debian compose image grafana; do
    code=0
    ./$check.sh || code=$?
    case $code in
        0) passed=$((passed + 1)) ;;
        77) skipped=$((skipped + 1)) ;;
        *) failed=$((failed + 1)) ;;
    esac
done
printf 'examples: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[[ $failed -eq 0 ]]
