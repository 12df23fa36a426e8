// SPDX-License-Identifier: MIT
// Homer on the host, whole but for its devices, with one of its requests refused:
//
//     homer_refused NUMBER once|from-then-on screen|no-screen KEYS
//
// It says what Homer says on the serial line, and its status is the kernel's. The last line tells how many requests
// there were and how many of them were refused. A fault is status 7.
#include "heap.hpp"
#include "ports/common/port.hpp"
#include "ports/raspi3b/platform.hpp"
#include "ports/raspi3b/property.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace {

using namespace bareheap;

// Where a Pi has them too: an address in a message has 32 bits, and Homer takes no screen that lies elsewhere.
constexpr std::uintptr_t memory_start = 0x30000000;
constexpr std::size_t memory_size = 64 * 1024;
constexpr std::uint32_t screen_start = 0x3c100000;
constexpr std::uint32_t screen_size = 0x300000;
constexpr std::uint32_t screen_pitch = 4096;

constinit bool has_screen = true;
constinit const char* keys = "";

/// True where all the bytes are there at this very address.
bool map(std::uintptr_t start, std::size_t size) noexcept {
  void* const wanted = reinterpret_cast<void*>(start);
  return mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == wanted;
}

void say_sum() noexcept {
  put_text(port::serial, "requests ");
  put_decimal(port::serial, program_heap.requests());
  put_text(port::serial, ", refused ");
  put_decimal(port::serial, program_heap.refused());
  put_text(port::serial, "\n");
}

}  // namespace

namespace bareheap::raspi3b {

void answer_of_the_firmware(std::uint32_t sent) noexcept {
  auto* const message = reinterpret_cast<std::uint32_t*>(static_cast<std::uintptr_t>(sent & ~0xfU));
  message[1] = request_successful;
  for (std::uint32_t* tag = message + 2; Tag{*tag} != Tag::end; tag += 3 + tag[1] / sizeof(std::uint32_t)) {
    if (Tag{*tag} == Tag::get_pitch) tag[3] = screen_pitch;
    if (Tag{*tag} != Tag::allocate_buffer || !has_screen) continue;
    tag[3] = screen_start;
    tag[4] = screen_size;
  }
}

}  // namespace bareheap::raspi3b

namespace bareheap::port {

void write(const char* characters, std::size_t size) noexcept {
  while (size != 0) {
    const ssize_t written = ::write(STDOUT_FILENO, characters, size);
    if (written <= 0) _exit(EXIT_FAILURE);
    characters += written;
    size -= static_cast<std::size_t>(written);
  }
}

int read() noexcept { return *keys == '\0' ? 'q' : *keys++; }

void exit(int status) noexcept {
  say_sum();
  _exit(status);
}

Region heap_region() noexcept { return {reinterpret_cast<std::byte*>(memory_start), memory_size}; }

Layout memory_question() noexcept { return Layout(64, 64); }

bool memory_after_heap(std::byte*, RegionSink sink) noexcept {
  sink({heap_region().end(), memory_size});
  return true;
}

std::size_t boot_stack_size() noexcept { return 0; }
std::size_t boot_stack_used() noexcept { return 0; }

}  // namespace bareheap::port

void bareheap::panic(const FaultReport& report) noexcept {
  print(report, port::serial);
  port::exit(7);
}

int main(int count, char** words) {
  if (count != 5 || !map(memory_start, 2 * memory_size) || !map(screen_start, screen_size)) return EXIT_FAILURE;
  const bool once = std::string_view(words[2]) == "once";
  program_heap.refuse(std::strtoul(words[1], nullptr, 10), once ? test::Refusal::once : test::Refusal::from_then_on);
  has_screen = std::string_view(words[3]) == "screen";
  keys = words[4];
  kernel_main();
  port::exit(EXIT_SUCCESS);
}
