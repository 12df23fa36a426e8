#!/bin/sh -e
# SPDX-License-Identifier: MIT
# usage: under_counter COMMAND...   runs the command under the tool that lies beside this script
VALGRIND_LIB=$(cd "$(dirname "$0")" && pwd)
export VALGRIND_LIB
exec valgrind --tool=instructions -q --vgdb=no "$@"
