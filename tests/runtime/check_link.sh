#!/bin/sh
# SPDX-License-Identifier: MIT
# Looks at the runtime linked into a program with nothing under it, and runs that, for one machine:
#   check_link.sh aarch64|riscv64|x86_64 FOLDER_OF_THE_PROGRAMS
# It prints one line, and what is wrong where something is.
set -u

machine=$1
build=$2
endings="recursive_static pure_virtual length_error"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

fail() {
  echo "$machine: $1" >&2
  [ -n "${2:-}" ] && tail -n 30 "$2" >&2
  exit 1
}

[ -f "$build/recursive_static" ] ||
  fail "there are no programs in $build; this builds them:
    cmake --preset board-$machine && cmake --build --preset board-$machine"

for ending in $endings; do
  undefined=$(llvm-nm-19 --undefined-only "$build/$ending") || fail "llvm-nm-19 cannot read $ending"
  [ -z "$undefined" ] || fail "$ending has undefined symbols: $undefined"
done

# The instruction that raises the count of a shared_ptr in one indivisible step.
case $machine in
  aarch64) atomic='[[:space:]]lda\?xr[[:space:]]' ;;
  riscv64) atomic='amoadd' ;;
  x86_64) atomic='[[:space:]]lock$' ;;
  *) fail "there is no such machine" ;;
esac
llvm-objdump-19 -d --disassemble-symbols=copy_shared_pointer "$build/recursive_static" >"$log" 2>&1
grep -q "<copy_shared_pointer>:" "$log" || fail "copy_shared_pointer is not in the program" "$log"
grep -q "$atomic" "$log" || fail "the counts of shared_ptr are not atomic" "$log"

run() {
  case $machine in
    aarch64) timeout 60 qemu-system-aarch64 -M virt -cpu cortex-a53 -nographic -semihosting -kernel "$1" ;;
    riscv64) timeout 60 qemu-system-riscv64 -M virt -smp 2 -bios none -nographic -kernel "$1" ;;
    x86_64) timeout 60 "$1" ;;
  esac
}

outcome="ran"
[ "$machine" = x86_64 ] && [ "$(uname -sm)" != "Linux x86_64" ] && outcome="not run, which takes Linux on x86_64"
if [ "$outcome" = ran ]; then
  for ending in $endings; do
    run "$build/$ending" >"$log" 2>&1 </dev/null || fail "$ending ended with status $? and these lines:" "$log"
    right=$(grep -c ': right' "$log")
    [ "$right" -ge 20 ] || fail "$ending ran $right cases, which are too few" "$log"
  done
  outcome="$right cases and 3 endings ran right"
fi

text=$(llvm-size-19 "$build/recursive_static" | awk 'NR == 2 { print $1 }')
echo "$machine: linked with nothing undefined, $text bytes of code and constants, atomic counts; $outcome"
