#!/bin/sh
# Installs the Debian packages that the tests need and that are missing. Needs root or sudo only when one is.
set -eu
wanted=""
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
command -v node >/dev/null 2>&1 || wanted="$wanted nodejs"
command -v npm >/dev/null 2>&1 || wanted="$wanted npm"
[ -n "$(find /usr/share/fonts -iname '*cjk*' -print -quit 2>/dev/null)" ] || wanted="$wanted fonts-noto-cjk"
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; elif command -v sudo >/dev/null 2>&1; then as_root="sudo"; else
  echo "The tests need these Debian packages, and this account cannot install them:$wanted" >&2
  exit 1
fi
command -v apt-get >/dev/null 2>&1 || { echo "The tests need these programs; install them by your system's means:$wanted" >&2; exit 1; }
echo "Installing Debian packages for the tests:$wanted"
$as_root apt-get update -qq
# shellcheck disable=SC2086 the list is words on purpose
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $wanted >/dev/null
