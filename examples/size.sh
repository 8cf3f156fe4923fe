#!/bin/sh
# What the program is made of: the sections of its file, and its code by crate, in kB. Builds it once
# more, with the names that a release is stripped of:
#
#     examples/size.sh
#
# Or says it of one that was built so:
#
#     examples/size.sh target/names/release/xt211-bridge
set -eu

program=${1:-target/names/release/xt211-bridge}
if [ $# -eq 0 ]; then
    CARGO_PROFILE_RELEASE_STRIP=none cargo build --release --target-dir target/names
fi

stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" "$program"
echo "$(($(stat -c %s "$stripped") / 1000)) the stripped file, of which"
size -A -d "$stripped" | awk '/^\./ && $2 > 100000 { printf "%d %s\n", $2 / 1000, $1 }' | sort -rn

echo
echo "of .text:"
# A name begins with its crate, behind what it is an implementation for. What has no path is C.
nm --print-size --size-sort --radix=d --demangle "$program" | awk '
    $3 !~ /[tTwW]/ { next }
    {
        name = $0
        sub(/^[0-9]+ [0-9]+ . /, "", name)
        while (sub(/^(<|&|\*|\(|\[|mut |const |dyn |impl )/, "", name)) {}
        if (name ~ /^[A-Za-z_0-9]+::/) {
            crate = name
            sub(/::.*/, "", crate)
        } else if (name ~ /^(sqlite3|fts5|rtree|json)/) {
            crate = "SQLite"
        } else {
            crate = "OpenSSL and other C"
        }
        sizes[crate] += $2
    }
    END { for (crate in sizes) if (sizes[crate] > 50000) printf "%d %s\n", sizes[crate] / 1000, crate }
' | sort -rn
