// SPDX-License-Identifier: MIT
// S1-33: a program of its own whose global new and delete are StoryPages. It links no test framework, which would free
// without sizes. It exits with 0 when all is right, and with the number of the failed step otherwise; with an argument
// it frees without a size, which must stop it.
#include "bareheap/engines/story_pages.hpp"

#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

alignas(4096) static std::byte memory[128 * 4096];

constinit bareheap::StoryPages program_heap([]() noexcept { return bareheap::Region{memory, sizeof memory}; });
#include "bareheap/bindings/operator_new.hpp"

namespace {

bool is_ours(const void* at) { return program_heap.owns(at); }

int use_containers() {
  std::vector<int> numbers;
  for (int number = 0; number < 1000; ++number) numbers.push_back(number);
  if (!is_ours(numbers.data()) || numbers[999] != 999) return 1;
  std::map<int, int> squares;
  for (int number = 0; number < 1000; ++number) squares[number] = number * number;
  if (!is_ours(&squares[30]) || squares[30] != 900) return 2;
  const auto shared = std::make_shared<int>(371);
  return is_ours(shared.get()) && *shared == 371 ? 0 : 3;
}

std::size_t used_blocks() {
  std::size_t count = 0;
  program_heap.walk([&](const bareheap::Extent& extent) { count += extent.kind == bareheap::ExtentKind::used; });
  return count;
}

}  // namespace

int main(int count, char**) {
  if (count > 1) {
    ::operator delete(::operator new(40));
    return 4;
  }
  const std::size_t before = used_blocks();
  if (const int failed_step = use_containers(); failed_step != 0) return failed_step;
  if (program_heap.check() != bareheap::Fault::none) return 5;
  return used_blocks() == before ? 0 : 6;
}
