// SPDX-License-Identifier: MIT
// The smallest kernel that keeps Homer's protocol with ./run: it says that it is ready, waits for the key q, says
// goodbye and ends QEMU with status 0. Any other key ends it with status 3.
.global _start
_start:
  mrs x0, mpidr_el1
  and x0, x0, #3
  cbnz x0, park
  ldr x1, =0x3f201000       // the serial port (PL011)
  mov w0, #0x301            // on, sending, receiving
  str w0, [x1, #0x30]
  adr x2, ready
  bl print
listen:
  ldr w0, [x1, #0x18]
  tbnz w0, #4, listen       // nothing received yet
  ldr w0, [x1]
  mov x3, #3
  cmp w0, #'q'
  b.ne leave
  mov x3, #0
  adr x2, bye
  bl print
leave:                      // semihosting: SYS_EXIT with {ADP_Stopped_ApplicationExit, status}
  adr x1, reason
  str x3, [x1, #8]
  mov w0, #0x18
  hlt #0xf000
park:
  wfe
  b park
print:                      // x2: the text, x1: the serial port
  ldrb w0, [x2], #1
  cbz w0, printed
  str w0, [x1]
  b print
printed:
  ret
ready: .asciz "tiny: hello\r\nhomer: ready\r\n"
bye: .asciz "homer: bye\r\n"
.balign 8
reason: .quad 0x20026, 0
