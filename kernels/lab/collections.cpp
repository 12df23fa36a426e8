// SPDX-License-Identifier: MIT
#include "kernels/lab/collections.hpp"

#include "bareheap/bindings/memory_resource.hpp"
#include "bareheap/core/statistics.hpp"
#include "heap.hpp"
#include "kernels/lab/log.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <format>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace bareheap::lab {

namespace {

constexpr unsigned count = 1000;

/// The numbers below 1000, each once, in an order that looks like none: 617 and 1,000 have no common divisor.
constexpr unsigned scattered(unsigned index) noexcept { return index * 617 % count; }

constexpr bool is_odd(unsigned number) noexcept { return number % 2 != 0; }

bool show_counted_pointer() {
  const auto first = std::make_shared<unsigned>(371U);
  auto second = first;
  const auto shared = static_cast<unsigned long>(first.use_count());
  second.reset();
  const auto alone = static_cast<unsigned long>(first.use_count());
  return show("shared_ptr", shared == 2 && alone == 1 && *first == 371, "use count ", shared,
              ", and after one has gone ", alone);
}

bool show_unique_pointer() {
  auto first = std::make_unique<unsigned>(371U);
  const auto second = std::move(first);
  return show("unique_ptr", first == nullptr && *second == 371, "moved, the box stayed at ",
              static_cast<const void*>(second.get()));
}

bool show_vector() {
  std::vector<unsigned> numbers;
  for (unsigned index = 0; index < count; ++index) numbers.push_back(scattered(index));
  std::sort(numbers.begin(), numbers.end());
  std::erase_if(numbers, is_odd);
  const unsigned sum = std::accumulate(numbers.begin(), numbers.end(), 0U);
  return show("vector", numbers.size() == 500 && sum == 249'500,
              "1000 numbers sorted, the odd ones erased, the others' sum ", sum);
}

bool show_string() {
  std::string text;
  for (unsigned number = 0; number < count; ++number) text += std::format("{:03} ", number);
  const std::size_t at = text.find("371");
  return show("string", text.size() == 4000 && at == 4 * 371, "4000 characters by std::format, 371 found at ", at);
}

bool show_list() {
  std::list<unsigned> numbers;
  for (unsigned index = 0; index < count; ++index) numbers.push_front(scattered(index));
  numbers.sort();
  numbers.remove_if(is_odd);
  return show("list", numbers.size() == 500 && numbers.front() == 0 && numbers.back() == 998,
              "1000 nodes sorted without moving one, 500 unlinked, the last is ", numbers.back());
}

bool show_deque() {
  std::deque<unsigned> numbers;
  for (unsigned number = 0; number < count / 2; ++number) {
    numbers.push_back(number);
    numbers.push_front(number);
  }
  const unsigned middle = numbers[count / 2];
  while (numbers.size() > 2) {
    numbers.pop_back();
    numbers.pop_front();
  }
  return show("deque", middle == 0 && numbers[0] == 0 && numbers[1] == 0,
              "1000 numbers put in and taken out at both ends, the first two are left");
}

bool show_priority_queue() {
  std::priority_queue<unsigned> numbers;
  for (unsigned index = 0; index < count; ++index) numbers.push(scattered(index));
  const unsigned greatest = numbers.top();
  bool descends = true;
  for (unsigned expected = count; !numbers.empty(); numbers.pop()) descends = descends && numbers.top() == --expected;
  return show("priority_queue", descends, "1000 numbers came out from ", greatest, " down");
}

bool show_map() {
  std::map<unsigned, unsigned> squares;
  for (unsigned index = 0; index < count; ++index) squares[scattered(index)] = scattered(index) * scattered(index);
  const unsigned square = squares.at(371);
  std::erase_if(squares, [](const auto& pair) { return is_odd(pair.first); });
  return show("map", squares.size() == 500 && square == 137'641 && !squares.contains(371),
              "1000 squares, that of 371 is ", square);
}

bool show_set() {
  std::set<unsigned> remainders;
  for (unsigned number = 0; number < count; ++number) remainders.insert(number * number % 371);
  const auto next = *remainders.upper_bound(300);
  return show("set", std::is_sorted(remainders.begin(), remainders.end()), "1000 squares leave ", remainders.size(),
              " remainders by 371, the first above 300 is ", next);
}

bool show_unordered_map() {
  std::unordered_map<unsigned, unsigned> places;
  places.reserve(count);
  for (unsigned index = 0; index < count; ++index) places.emplace(scattered(index), index);
  const unsigned place = places.at(371);
  return show("unordered_map", places.size() == count && scattered(place) == 371, "1000 places, 371 stands at ", place);
}

bool show_function() {
  std::vector<std::function<unsigned(unsigned)>> steps;
  for (unsigned number = 0; number < 10; ++number) {
    steps.emplace_back([number, pad = std::array<unsigned, 8>{}](unsigned sum) { return sum + number + pad[0]; });
  }
  unsigned sum = 0;
  for (const auto& step : steps) sum = step(sum);
  return show("function", sum == 45, "10 closures on the heap called one after another make ", sum);
}

bool show_memory_resource() {
  MemoryResource resource(program_heap);
  std::pmr::vector<std::pmr::string> lines(&resource);
  for (unsigned number = 0; number < 100; ++number) lines.emplace_back("a line that is too long for the object itself");
  return show("pmr::vector", lines.size() == 100 && lines[99].get_allocator().resource() == &resource,
              "100 pmr::strings, all in the program's heap");
}

}  // namespace

bool show_collections() {
  say("Counted pointers and collections:");
  bool right = true;
  for (bool (*const demonstration)() :
       {show_counted_pointer, show_unique_pointer, show_vector, show_string, show_list, show_deque, show_priority_queue,
        show_map, show_set, show_unordered_map, show_function, show_memory_resource}) {
    const std::size_t before = statistics_of(program_heap).used_bytes;
    right = demonstration() && right;
    if (statistics_of(program_heap).used_bytes != before)
      right = show("its memory", false, "not all of it is free again");
  }
  return show("and now", right, "all that they took is free again") && right;
}

}  // namespace bareheap::lab
