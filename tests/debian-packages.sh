#!/bin/sh
# Installs the Debian packages that the tests need and that are missing. Needs root or sudo only when one is.
set -eu
has() { command -v "$1" >/dev/null 2>&1; }
known() { apt-cache show "$1" 2>/dev/null | grep -q .; }
if [ "$(id -u)" = 0 ]; then as_root=""; may=yes; elif has sudo; then as_root="sudo"; may=yes; else as_root=""; may=""; fi
install() {
  echo "Installing Debian packages for the tests:" "$@"
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

wanted=""
has chromium || wanted="$wanted chromium"
has node || wanted="$wanted nodejs"
has npm || wanted="$wanted npm"
has softhsm2-util || wanted="$wanted softhsm2"
[ -n "$(find /usr/share/fonts -iname '*cjk*' -print -quit 2>/dev/null)" ] || wanted="$wanted fonts-noto-cjk"
if [ -n "$wanted" ]; then
  [ -n "$may" ] || {
    echo "The tests need these Debian packages, and this account cannot install them:$wanted" >&2
    exit 1
  }
  has apt-get || { echo "The tests need these programs; install them by your system's means:$wanted" >&2; exit 1; }
  $as_root apt-get update -qq
  # shellcheck disable=SC2086 the list is words on purpose
  install $wanted
fi
# Chromium without the windows that nobody sees costs the tests half as much, and older systems do not have it. What
# leaves a program is asked of the whole one.
if ! has chromium-headless-shell && [ -n "$may" ] && has apt-get && known chromium-headless-shell; then
  install chromium-headless-shell || echo "Without it: the tests in the browser take twice as long." >&2
fi
