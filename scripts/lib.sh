# Sourced by the scripts beside it: where the checkout is, and how they speak.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n== %s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
    exit 1
}

# Compilers at once: one per core, but never more than one per 1.5 GB of memory that is free now.
build_jobs() {
    local cores free_mb
    cores=$(nproc)
    free_mb=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
    local fit=$((free_mb / 1500))
    ((fit >= 1)) || fit=1
    echo $((cores < fit ? cores : fit))
}
