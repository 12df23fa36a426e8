// SPDX-License-Identifier: MIT
// S3-02: a program that uses new and has named no heap. It must not link.
extern "C" void _start() { delete new int(371); }
