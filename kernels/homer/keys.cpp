// SPDX-License-Identifier: MIT
#include "kernels/homer/keys.hpp"

#include "bareheap/core/statistics.hpp"
#include "heap.hpp"
#include "kernels/homer/log.hpp"

#include <iterator>
#include <new>
#include <string_view>

namespace bareheap::homer {

namespace {

/// A block that a key has taken. It stores its own list, so that taking one needs nothing else.
struct Toy {
  Toy* next;
  std::size_t size;
};

class Toys {
 public:
  bool take(std::size_t size) noexcept {
    void* const at = ::operator new(size, std::nothrow);
    if (at == nullptr) return false;
    last_ = new (at) Toy{last_, size};
    ++count_;
    return true;
  }

  bool give_back() noexcept {
    if (last_ == nullptr) return false;
    Toy* const toy = last_;
    last_ = toy->next;
    --count_;
    ::operator delete(toy, toy->size);
    return true;
  }

  /// All but the last one, the third last, and so on. Answers how many those were.
  std::size_t give_back_every_other() noexcept {
    const std::size_t before = count_;
    for (Toy* toy = last_; toy != nullptr && toy->next != nullptr; toy = toy->next) {
      Toy* const other = toy->next;
      toy->next = other->next;
      --count_;
      ::operator delete(other, other->size);
    }
    return before - count_;
  }

  std::size_t count() const noexcept { return count_; }
  const void* last() const noexcept { return last_; }
  std::size_t last_size() const noexcept { return last_->size; }

 private:
  Toy* last_ = nullptr;
  std::size_t count_ = 0;
};

constinit Toys toys;

constexpr std::size_t sizes[] = {16, 200, 4096, 12000, 24};
constinit std::size_t next_size = 0;

const char* allocate_one() noexcept {
  const std::size_t size = sizes[next_size++ % std::size(sizes)];
  if (!toys.take(size)) {
    say("no room for ", size, " bytes");
    return "no room: the request got nothing, and nothing was lost";
  }
  say("allocated ", toys.last_size(), " bytes at ", toys.last());
  return "allocated a block";
}

/// Blocks of 16 to 1500 bytes, mixed.
const char* allocate_many() noexcept {
  constexpr std::size_t many = 128;
  std::size_t taken = 0;
  while (taken < many && toys.take(sizeof(Toy) + taken * taken * 371 % 1485)) ++taken;
  say("allocated ", taken, " of ", many, " blocks");
  return taken == many ? "allocated many blocks, small and large" : "no room for so many; those that fit are there";
}

const char* free_every_other() noexcept {
  say("freed ", toys.give_back_every_other(), " blocks");
  return "freed every other block";
}

const char* free_last() noexcept {
  if (toys.count() == 0) {
    say("nothing to free");
    return "nothing to free";
  }
  say("freed ", toys.last_size(), " bytes at ", toys.last());
  toys.give_back();
  return "freed the last block";
}

/// The largest blocks first, so that the last request that is refused is the smallest there is.
const char* fill_to_exhaustion() noexcept {
  const std::size_t before = toys.count();
  for (const std::size_t size : {std::size_t{4096}, std::size_t{256}, sizeof(Toy)}) {
    while (toys.take(size)) {
    }
  }
  say("exhausted: ", toys.count() - before, " blocks, and no ", sizeof(Toy), " bytes are left");
  return "exhausted: not even 16 bytes are left, and the kernel goes on";
}

const char* recover() noexcept {
  const std::size_t before = toys.count();
  while (toys.give_back()) {
  }
  say("recovered: ", before, " blocks freed");
  return "freed all that the keys took";
}

template <Allocator Heap>
const char* add_memory(Heap& heap) noexcept {
  if constexpr (Growable<Heap>) {
    std::size_t added = 0;
    const bool answered = port::memory_after_heap(heap, [&](Region stretch) { added += heap.add(stretch).taken.size; });
    say("added ", added, " bytes");
    if (!answered) return "no room to ask the board for its memory";
    return added != 0 ? "added the board's RAM: look at the size of a dot" : "there is no more RAM to add";
  } else {
    say("this engine takes no more memory");
    return "this engine takes no more memory";
  }
}

const char* print_walk() noexcept {
  constexpr const char* kinds[] = {"free", "used", "meta", "cached"};
  program_heap.walk([&](const Extent& extent) {
    say("walk ", static_cast<const void*>(extent.at), " ", extent.size, " ", kinds[static_cast<unsigned>(extent.kind)]);
  });
  say("walk end");
  return "printed the walk on the serial line";
}

const char* check() noexcept {
  const Fault fault = program_heap.check();
  say("check: ", sentence(fault));
  return fault == Fault::none ? "checked: every invariant holds" : sentence(fault);
}

const char* act_on(char key) noexcept {
  switch (key) {
    case 'a': return allocate_one();
    case 'm': return allocate_many();
    case 'f': return free_last();
    case 'h': return free_every_other();
    case 'x': return fill_to_exhaustion();
    case 'r': return recover();
    case '+': return add_memory(program_heap);
    case 'w': return print_walk();
    case 'c': return check();
    default: return nullptr;
  }
}

}  // namespace

void serve_keys(Screen& screen) noexcept {
  while (true) {
    const int byte = port::read();
    if (byte < 0) continue;
    const char key = static_cast<char>(byte);
    port::write(&key, 1);
    if (key == 'q') return;
    if (!std::string_view("amfhxr+wc").contains(key)) continue;
    say_piece("\r\n");
    screen.draw_heap(act_on(key));
    say("done");
  }
}

}  // namespace bareheap::homer
