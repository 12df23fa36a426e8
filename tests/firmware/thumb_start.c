// SPDX-License-Identifier: MIT
// How a Cortex-M starts and what newlib asks of a machine, on QEMU's semihosting. There is no _sbrk: newlib's own
// malloc cannot be linked.
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

extern char __stack[], __data_source[], __data_start[], __data_end[], __bss_start[], __bss_end[];
void __libc_init_array(void);
void exit(int status) __attribute__((noreturn));
int main(void);

// "Semihosting for AArch32 and AArch64" (Arm): the operations that are used.
enum { sys_writec = 0x03, sys_exit_extended = 0x20, application_exit = 0x20026 };

static void ask_debugger(unsigned operation, const void* argument) {
  register unsigned r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void _exit(int status) {
  const uint32_t reason[] = {application_exit, (uint32_t)status};
  for (;;) ask_debugger(sys_exit_extended, reason);
}

int _write(int file, const char* text, int length) {
  (void)file;
  for (int index = 0; index < length; ++index) ask_debugger(sys_writec, text + index);
  return length;
}

int _read(int file, char* into, int length) {
  (void)file, (void)into, (void)length;
  return 0;
}

int _fstat(int file, struct stat* status) {
  (void)file;
  status->st_mode = S_IFCHR;
  return 0;
}

int _isatty(int file) { return file <= 2; }
int _lseek(int file, int offset, int from) { return 0 * (file + offset + from); }
int _close(int file) { return file <= 2 ? 0 : -1; }
int _getpid(void) { return 1; }
int _kill(int process, int signal) { return process == signal ? 0 : -1; }
void _init(void) {}
void _fini(void) {}

void start(void) {
  memcpy(__data_start, __data_source, (size_t)(__data_end - __data_start));
  memset(__bss_start, 0, (size_t)(__bss_end - __bss_start));
  __libc_init_array();
  exit(main());
}

static void fail(void) { _exit(70); }

__attribute__((section(".vectors"), used)) static void* const vectors[16] = {
    __stack, (void*)start, (void*)fail, (void*)fail, (void*)fail, (void*)fail, (void*)fail};
