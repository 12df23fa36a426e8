# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Sourced by ./run and ./test: steps that show their time, and the Debian packages of tools/packages.
#
#   log_directory=/some/where          step and install_packages write their logs there (it must exist)
#   step "the kernel" build.log ninja  runs a command quietly, shows title and time, on failure the log's tail
#   stop_step                          for traps: ends the step that is under way, with all it started
#   install_packages run               installs what is missing for run, test, window or debug (one word or several)

: "${log_directory:?has to name a directory before tools/setup.sh is sourced}"
tools_directory=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
program_name=$(basename -- "$0")
step_process=
life_process=

# complain SENTENCE: the one way in which a script says what is wrong.
complain() {
  printf '%s: %s\n' "$program_name" "$1" >&2
}

# In microseconds. The digits alone, because some languages write a comma.
now() {
  printf '%s' "${EPOCHREALTIME//[!0-9]/}"
}

# seconds_since MICROSECONDS: as in "1.4 s".
seconds_since() {
  local passed=$(($(now) - $1))
  printf '%d.%d s' $((passed / 1000000)) $((passed / 100000 % 10))
}

# Every step gets a process group of its own (set -m), so that compilers end together with the cmake that started them.
step() {
  local title=$1 log=$log_directory/$2 started status=0
  shift 2
  started=$(now)
  printf '  %-16s ' "$title"
  set -m
  "$@" >>"$log" 2>&1 </dev/null &
  step_process=$!
  show_life "$step_process" &
  life_process=$!
  set +m
  wait "$step_process" || status=$?
  step_process=
  stop_step
  if [[ $status == 0 ]]; then
    printf '%s\n' "$(seconds_since "$started")"
  else
    printf 'failed after %s; the end of %s:\n' "$(seconds_since "$started")" "$log"
    tail -n 25 -- "$log" | sed 's/^/  | /'
  fi
  return "$status"
}

# A dot every few seconds, for as long as a process lives: a long step must not look like a dead one.
show_life() {
  while sleep 4 && kill -0 "$1" 2>/dev/null; do
    printf '. '
  done
}

stop_step() {
  local process
  for process in $step_process $life_process; do
    kill -TERM -- "-$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
  step_process=
  life_process=
}

# packages_for WORD...: the names of the packages whose line bears one of the words.
packages_for() {
  local line word name rest wanted=" $* "
  while IFS= read -r line; do
    line=${line%%#*}
    read -r name rest <<<"$line" || true
    for word in $rest; do
      if [[ $wanted == *" $word "* ]]; then
        printf '%s\n' "$name"
        break
      fi
    done
  done <"$tools_directory/packages"
}

# missing_packages WORD...: those of them that are not installed.
missing_packages() {
  local -a wanted
  local name installed
  mapfile -t wanted < <(packages_for "$@")
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null || true)
  for name in "${wanted[@]}"; do
    if ! grep -qxF -- "$name installed" <<<"$installed"; then
      printf '%s\n' "$name"
    fi
  done
}

# What stands before a command that needs root: nothing, or sudo when it asks no password. Status 1: no such rights.
root_prefix() {
  if [[ $(id -u) == 0 ]]; then
    return 0
  fi
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    printf 'sudo -n'
    return 0
  fi
  return 1
}

# install_packages WORD...: test includes run. Nothing missing: silence, and the network is left alone.
install_packages() {
  local -a words=("$@") missing
  local prefix line
  if [[ " $* " == *' test '* ]]; then
    words+=(run)
  fi
  if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian system, so what tools/packages lists has to be there already."
    return 0
  fi
  mapfile -t missing < <(missing_packages "${words[@]}")
  if [[ ${#missing[@]} == 0 ]]; then
    return 0
  fi
  line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  if ! prefix=$(root_prefix); then
    complain "packages are missing and installing them needs root; as root, type: $line"
    return 1
  fi
  echo "Installing ${#missing[@]} Debian package(s), once: ${missing[*]}"
  fetch_packages "$prefix" "${missing[@]}" || {
    complain "installing the packages failed; see ${log_directory}/setup.log, or as root type: $line"
    return 1
  }
}

# fetch_packages PREFIX NAME...: an update that fails is no reason to stop (a stale list often serves); the install
# decides.
fetch_packages() {
  local -a prefix
  read -ra prefix <<<"$1" || true
  shift
  step "package lists" setup.log "${prefix[@]}" apt-get -q -o DPkg::Lock::Timeout=120 update || true
  step "packages" setup.log "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
}
