// SPDX-License-Identifier: MIT
// Makes calls that are known, and says on its standard output what lives after each, so that the recording can be
// compared.
//
//     recorded calls [exit|kill|close|become PROGRAM…|start PROGRAM…]     and how it ends
//     recorded threads
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t live = 0;

// Without a stream of the C library, which would allocate.
static void say(size_t bytes) {
  char text[32];
  live = bytes;
  const int size = snprintf(text, sizeof text, "%zu\n", live);
  if (write(1, text, (size_t)size) != size) _exit(99);
}

static void calls(void) {
  char *a = malloc(100);
  say(live + 100);
  char *b = calloc(7, 30);
  say(live + 210);
  a = realloc(a, 10000);
  say(live + 9900);
  a = reallocarray(a, 11, 1000);
  say(live + 1000);
  char *c = aligned_alloc(256, 512);
  say(live + 512);
  void *d = NULL;
  if (posix_memalign(&d, 4096, 33) != 0) _exit(99);
  say(live + 33);
  char *e = memalign(64, 5);
  say(live + 5);
  char *f = valloc(6);
  say(live + 6);
  char *g = pvalloc(6);
  say(live + (size_t)sysconf(_SC_PAGESIZE));
  char *h = realloc(NULL, 77);
  say(live + 77);
  free(b);
  say(live - 210);
  if (realloc(h, 0) != NULL) _exit(99);
  say(live - 77);
  free(NULL);
  const volatile size_t too_much = SIZE_MAX / 2;  // or the compiler would see it
  if (malloc(too_much) != NULL || calloc(too_much, 3) != NULL || realloc(c, too_much) != NULL) _exit(99);
  if (strcmp(strdup("a name"), "a name") != 0) _exit(99);
  say(live + 7);
  for (char *const *each = (char *[]){a, c, d, e, f, g, NULL}; *each != NULL; ++each) free(*each);
  say(7);
}

enum { slots = 256, threads = 4, rounds = 4000 };
static void *table[slots];

// What one thread asks for another one frees, and half of the blocks are reallocated to a size at which they must move.
static void *work(void *seed) {
  unsigned state = (unsigned)(uintptr_t)seed;
  for (int round = 0; round < rounds; ++round) {
    state = state * 1664525 + 1013904223;
    void **place = &table[state >> 8 & (slots - 1)];
    void *block = __atomic_exchange_n(place, NULL, __ATOMIC_ACQ_REL);
    if ((state & 64) == 0) block = realloc(block, (state >> 22) + 1);
    else free(block), block = malloc(state >> 22);
    free(__atomic_exchange_n(place, block, __ATOMIC_ACQ_REL));
  }
  return NULL;
}

static int end(char **how) {
  if (strcmp(*how, "exit") == 0) _exit(7);
  if (strcmp(*how, "kill") == 0) raise(SIGKILL);
  if (strcmp(*how, "close") == 0) {
    for (int file = 0; file < 1000; ++file) close(file);
    free(malloc(1));
    return open("/", O_RDONLY) != 0;
  }
  if (strcmp(*how, "become") == 0) execv(how[1], how + 1);
  if (strcmp(*how, "start") == 0) {
    const pid_t child = fork();
    if (child == 0) {
      for (int count = 0; count < 5000; ++count) free(malloc(1000000));
      execv(how[1], how + 1);
    }
    waitpid(child, NULL, 0);
    return 0;
  }
  return 99;
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "threads") == 0) {
    pthread_t others[threads];
    for (uintptr_t index = 1; index < threads; ++index) pthread_create(&others[index], NULL, work, (void *)index);
    work(NULL);
    for (int index = 1; index < threads; ++index) pthread_join(others[index], NULL);
    return 0;
  }
  if (count > 1 && strcmp(arguments[1], "calls") == 0) calls();
  return count > 2 ? end(arguments + 2) : 5;
}
