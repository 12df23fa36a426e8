// SPDX-License-Identifier: MIT
// Uses all that the runtime offers, on a heap that could not be simpler, and counts what is lent: every case must give
// back all that it took. After the cases comes an ending that the runtime must stop with the right sentence.
#include "link_program.hpp"

#include "containers.hpp"
#include "runtime/runtime.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>

using InitialiserOfStatics = void (*)();
extern "C" InitialiserOfStatics init_array_start[];
extern "C" InitialiserOfStatics init_array_end[];

namespace bareheap::link_check {

namespace {

alignas(4096) std::byte heap[8 * 1024 * 1024];
std::size_t top = 0;
std::size_t lent = 0;

/// Hands out and starts again at the bottom when nothing is lent any more.
void* take(std::size_t size, std::size_t alignment) noexcept {
  if (lent == 0) top = 0;
  const std::size_t at = (top + alignment - 1) / alignment * alignment;
  if (size > sizeof heap - at) runtime::fatal("the link check's heap is too small");
  top = at + size;
  lent += size;
  return heap + at;
}

void give_back(const void* at, std::size_t size) noexcept {
  if (at != nullptr) lent -= size;
}

/// Initialised before the program starts, by code.
const std::string static_text = std::string(100, 'a') + "b";

struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const = 0;
};

struct Square final : Shape {
  int corners() const override { return 4; }
};

int times_initialised = 0;

int once() {
  static const int number = ++times_initialised;
  return number;
}

/// What containers.cpp leaves out of what libc++ keeps in its library.
bool small_things_case() {
  std::array<double, 5> numbers{3.5, -1, 2, 0.25, 7};
  std::sort(numbers.begin(), numbers.end());
  const auto subtract = [](int left, int right) { return left - right; };
  const auto reversed = std::bind(subtract, std::placeholders::_2, std::placeholders::_1);
  const std::unique_ptr<Shape> shape = std::make_unique<Square>();
  std::size_t space = 64;
  alignas(64) std::byte buffer[64];
  void* at = buffer + 1;
  --space;
  const bool aligned = std::align(16, 32, at, space) == buffer + 16 && space == 48;
  return std::is_sorted(numbers.begin(), numbers.end()) && reversed(3, 10) == 7 && shape->corners() == 4 && aligned &&
         once() == 1 && once() == 1 && static_text.size() == 101 && std::to_string(-17) == "-17" &&
         std::to_string(2.5) == "2.500000" && "he" + std::string("ap") == "heap";
}

volatile std::uint64_t large_number = 0xfedcba9876543210;

bool wide_numbers_case() {
  __extension__ using Wide = unsigned __int128;
  const Wide wide = (Wide{large_number} << 64) + large_number;
  const Wide divisor = (Wide{1} << 70) + large_number;
  return wide / divisor * divisor + wide % divisor == wide && wide / divisor < wide;
}

bool is_expected(const char* sentence) noexcept { return std::string_view(sentence) == expected_sentence; }

void run_case(const char* name, bool (*run)()) noexcept {
  const std::size_t lent_before = lent;
  const bool right = run();
  write(name);
  write(!right ? ": wrong\n" : lent != lent_before ? ": right, but some memory is still lent\n" : ": right\n");
  if (!right || lent != lent_before) leave(1);
}

}  // namespace

/// Disassembled by check_link.sh, so all that it calls is inlined: on several CPUs the count of owners must be raised
/// by one indivisible step.
extern "C" [[gnu::noinline, gnu::flatten]] void copy_shared_pointer(std::shared_ptr<int>& to,
                                                                    const std::shared_ptr<int>& from) {
  to = from;
}

namespace {

bool copy_case() {
  const std::shared_ptr<int> first = std::make_shared<int>(617);
  std::shared_ptr<int> second;
  copy_shared_pointer(second, first);
  return first.use_count() == 2 && *second == 617;
}

}  // namespace

void run() noexcept {
  for (InitialiserOfStatics* initialise = init_array_start; initialise != init_array_end; ++initialise) (*initialise)();
  for (std::size_t index = 0; index < kernel_test::container_case_count; ++index) {
    run_case(kernel_test::container_cases[index].name, kernel_test::container_cases[index].run);
  }
  run_case("small things", small_things_case);
  run_case("wide numbers", wide_numbers_case);
  run_case("copy of a shared_ptr", copy_case);
  end();
  write("the runtime did not stop the ending\n");
  leave(1);
}

}  // namespace bareheap::link_check

void bareheap::runtime::fatal(const char* sentence) noexcept {
  link_check::write(sentence);
  link_check::write("\n");
  link_check::leave(link_check::is_expected(sentence) ? 0 : 1);
}

using bareheap::link_check::give_back;
using bareheap::link_check::take;

void* operator new(std::size_t size) { return take(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return take(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* at, std::size_t size) noexcept { give_back(at, size); }
void operator delete(void* at, std::size_t size, std::align_val_t) noexcept { give_back(at, size); }
