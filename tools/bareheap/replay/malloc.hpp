// SPDX-License-Identifier: MIT
// Allocator libraries of others, measured in a process of their own.
#pragma once

#include "malloc_protocol.hpp"
#include "program.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bareheap::tools::replay {

/// An allocator that can be measured.
struct ForeignMalloc {
  std::string name;
  std::filesystem::path program;  ///< that is started
  std::filesystem::path library;  ///< that is loaded first; empty for that of the program's own C library
};

/// Finds it by one of the names below, or by the path of a library. Throws UserError where there is none.
ForeignMalloc find_malloc(const std::string& name);

/// The names that find_malloc() knows, whether their libraries are here or not.
std::vector<std::string> malloc_names();

/// A process with that allocator, which has the steps of one program.
class MallocProcess {
 public:
  /// Throws UserError where it does not start. With `counted` it runs under the tool that counts instructions.
  MallocProcess(const ForeignMalloc& allocator, const Program& program, bool counted = false);
  MallocProcess(const MallocProcess&) = delete;
  MallocProcess& operator=(const MallocProcess&) = delete;
  ~MallocProcess();

  /// Runs the steps once more. Throws UserError where the process ended, or its malloc is not the one that was meant,
  /// or there is no answer so many seconds after the deadline: between two of its looks at the clock lie 4096 calls,
  /// and a library may be dead in one of them.
  Answer ask(Order order, std::uint64_t deadline, double patience = 60);

 private:
  void wait_for_answer(std::uint64_t limit);
  void judge(const Answer& answer) const;
  [[noreturn]] void tell_end();

  ForeignMalloc allocator_;
  pid_t process_ = -1;
  int requests_ = -1;
  int answers_ = -1;
};

/// The script that runs a command under the tool that counts instructions. Throws UserError where it is not there.
std::filesystem::path instruction_counter();

}  // namespace bareheap::tools::replay
