// SPDX-License-Identifier: MIT
// libFuzzer makes up a loader's and a firmware's tables. Nothing may be read outside of them, and what comes out must
// be a map: ascending, whole pages, nothing below the first MiB.
#include "ports/x86_64/acpi.hpp"
#include "ports/x86_64/memory_map.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using namespace bareheap;
using namespace bareheap::x86_64;

constexpr std::uint64_t first = 0x1000;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s does not hold\n", what);
  std::abort();
}

void expect_map(const MemoryMap& map) {
  std::uint64_t end = low_memory_end - 1;
  for (const Stretch& stretch : map.stretches()) {
    expect(stretch.start > end && stretch.start < stretch.end && stretch.end <= MemoryMap::limit,
           "the order of the map");
    expect((stretch.start | stretch.end) % page_size == 0, "that there are whole pages");
    end = stretch.end;
  }
}

/// The fuzzer hardly guesses these by itself.
void help(std::vector<std::byte>& bytes, unsigned char choice) {
  if (bytes.size() < 64) return;
  if ((choice & 1) != 0) std::memcpy(bytes.data(), &pvh::magic, sizeof pvh::magic);
  if ((choice & 2) == 0) return;
  std::memcpy(bytes.data(), "RSD PTR ", 8);
  unsigned sum = 0;
  for (std::size_t i = 0; i < 20; ++i) sum += i == 8 ? 0 : static_cast<unsigned>(bytes[i]);
  bytes[8] = static_cast<std::byte>(0x100 - sum % 0x100);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* input, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::byte> bytes(size - 1);
  if (size > 1) std::memcpy(bytes.data(), input + 1, size - 1);
  help(bytes, input[0]);
  const PhysicalMemory memory({bytes.data(), bytes.size()}, first);
  StartInformation start = StartReader(memory).read(first);
  if (start.fault == StartFault::none) expect_map(start.usable);
  CpuList cpus(0);
  AcpiReader(memory).read(first, cpus,
                          [&](std::uint64_t at, std::uint64_t bytes_there) { start.usable.remove(at, bytes_there); });
  expect(!cpus.identities().empty() && cpus.identities().size() <= most_cpus, "the number of CPUs");
  if (start.fault == StartFault::none) expect_map(start.usable);
  return 0;
}
