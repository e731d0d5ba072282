# Sourced by the scripts beside it. `ensure requirements.lock` makes .venv ready for that lock: at once where it is.
# shellcheck shell=bash
set -euo pipefail
root=${BASH_SOURCE[0]%/scripts/setup.sh}
venv=$root/.venv

say() { printf 'nas: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Where the environment is and digests of all that it is made from. Written last, so it says that set-up came to its end.
stamp_for() {
    printf '%s\n' "$root"
    sha256sum "$root/requirements-setup.lock" "$root/$1" "$root/pyproject.toml"
}
is_ready() { [[ -x $venv/bin/python && -e $venv/$1.done && $(stamp_for "$1") == "$(<"$venv/$1.done")" ]]; }

ensure() {
    is_ready "$1" && return
    local python
    python=$(find_python) || die "Python 3.11 to 3.14 with its venv module is needed, and none is on PATH" \
        "(Debian and Ubuntu: apt install python3-venv)"
    [[ ! -e $venv || -e $venv.lock ]] || die "$venv was not made by this script: move it away or delete it, then start again"
    exec 9>"$venv.lock"
    lock_fd_9 "$python"
    if ! is_ready "$1"; then            # else another start has done it, while this one waited
        trap 'say "set-up did not finish; the next start tries again"' EXIT
        set_up "$1" "$python"
        trap - EXIT
    fi
    exec 9>&-
}

# The real path, so that a Python that the system has replaced shows as missing, not as one without packages.
find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3.14 python3; do
        "$name" -I -c 'import ensurepip, os, sys, venv
(3, 11) <= sys.version_info[:2] <= (3, 14) or sys.exit(1)
print(os.path.realpath(sys.executable))' 2>/dev/null && return
    done
    return 1
}

# The lock stays with the descriptor, also in pip or uv when this shell is killed: no two of them write at a time.
lock_fd_9() {
    "$1" -I -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("nas: waiting for another start to end its set-up", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError:  # a file system without locks
    pass'
}

set_up() (
    cd "$root"
    # Left half-done, moved, or its Python gone: a package that was being written could pass for installed, so start anew.
    if [[ -e $venv && ! ( -x $venv/bin/python && $(head -n 1 "$venv/requirements.lock.done" 2>/dev/null) == "$root" ) ]]; then
        say "the environment that is here cannot be used; making it anew"
        rm -rf "$venv.old"
        mv "$venv" "$venv.old"
    fi
    rm -rf "$venv.old" "$venv"/*.done
    if [[ ! -e $venv ]]; then
        say "setting up $venv with $("$2" --version) (only once; it takes some 6 GB)"
        "$2" -I -m venv "$venv"
    fi
    "$venv/bin/python" -I -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-setup.lock
    say "installing what is missing of the $(grep -c '^[a-z]' "$1") packages in $1 (minutes on a slow line)"
    local quiet=--quiet                 # progress bars are for people
    [[ ! -t 2 ]] || quiet=
    run_uv pip install $quiet --python "$venv/bin/python" --require-hashes -r "$1"
    run_uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
    stamp_for requirements.lock >"$venv/requirements.lock.done"      # the development lock holds all of this one
    [[ $1 == requirements.lock ]] || stamp_for "$1" >"$venv/$1.done"
    say "ready after $SECONDS s"
)

# With the certificates of the system, like pip, and from the index that pip uses, unless uv has settings of its own.
run_uv() (
    [[ -n ${UV_NATIVE_TLS:-} ]] || export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
    export UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-300}
    config=${UV_CONFIG_FILE:-${XDG_CONFIG_HOME:-${HOME:-}/.config}/uv/uv.toml}
    if [[ -z ${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-} && ! -e $config ]]; then
        index=${PIP_INDEX_URL:-$("$venv/bin/python" -I -m pip config get global.index-url 2>/dev/null || true)}
        [[ -z $index ]] || export UV_DEFAULT_INDEX=$index
    fi
    exec "$venv/bin/uv" "$@"
)
