# SPDX-License-Identifier: MIT
# What one asks about a program that was built with -g, without running it.
set pagination off
set width 0
info functions find
info types string
info variables
list main
info scope main
ptype std::string
ptype Words
ptype House
ptype Room
info line main
disassemble /s main
info source
complete break std::vec
break main
break House::command
info breakpoints
print sizeof(std::string)
whatis main
