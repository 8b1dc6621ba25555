# Sourced by demo and test: finds a Python, makes a virtual environment and installs into it.

# Tests start hundreds of processes: modules are compiled once, not in each of them.
unset PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE=1

say() { printf '\033[1m%s\033[0m\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# The first Python from 3.11 to 3.13 that is here.
find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.12 python3.11 python3.13 python3 python; do
    [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# Installs system packages where that is allowed, else prints the line to run.
system_packages() {
  command -v apt-get >/dev/null 2>&1 || fail "Please install: $*"
  if [ "$(id -u)" = 0 ]; then
    say "Installing system packages: $*"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
  elif sudo -n true 2>/dev/null; then
    say "Installing system packages: $*"
    sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
  else
    fail "Please run: sudo apt-get update && sudo apt-get install -y $*"
  fi
}

# uv reads none of pip's settings: where packages are taken from is handed on to it.
tell_uv_what_pip_knows() {
  local setting value
  for setting in index-url extra-index-url find-links; do
    value=$("$1" -m pip config get ":env:.$setting" 2>/dev/null) \
      || value=$("$1" -m pip config get "global.$setting" 2>/dev/null) || continue
    value=${value//$'\n'/ }
    case $setting in
      index-url) export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$value} ;;
      # For pip all places are equal.
      extra-index-url) export UV_INDEX=${UV_INDEX:-$value} UV_INDEX_STRATEGY=unsafe-best-match ;;
      find-links) export UV_FIND_LINKS=${UV_FIND_LINKS:-${value// /,}} ;;
    esac
  done
}

# install_packages PYTHON REQUIREMENT...: by uv in seconds; where it can't, by pip in minutes.
install_packages() {
  local python=$1 pinned=(--quiet --constraint constraints/base.txt)
  shift
  tell_uv_what_pip_knows "$python"
  "$python" -m pip install --disable-pip-version-check "${pinned[@]}" uv \
    && "$python" -m uv pip install --python "$python" "${pinned[@]}" "$@" && return
  say "uv could not install these here; now by pip (a few minutes)"
  export NOX_DEFAULT_VENV_BACKEND=venv
  "$python" -m pip install --disable-pip-version-check "${pinned[@]}" "$@"
}

# make_environment FOLDER REQUIREMENT...: reused while pyproject.toml and constraints are unchanged.
make_environment() {
  local folder=$1 python stamp
  shift
  python=$(find_python) || { system_packages python3 python3-venv; python=$(find_python); } \
    || fail "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/python"
  stamp=$(cat pyproject.toml constraints/*.txt scripts/environment.sh | "$python" -c \
    'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
  if [ "$(cat "$folder/.stamp" 2>/dev/null || true)" = "$stamp $*" ]; then return 0; fi
  say "Making the environment $folder (once)"
  "$python" -m venv --clear "$folder" 2>/dev/null || {
    system_packages python3-venv
    "$python" -m venv --clear "$folder"
  }
  install_packages "$folder/bin/python" "$@"
  printf '%s\n' "$stamp $*" >"$folder/.stamp"
}
