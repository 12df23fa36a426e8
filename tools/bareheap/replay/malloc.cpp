// SPDX-License-Identifier: MIT
#include "malloc.hpp"

#include "processes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bareheap::tools::replay {
namespace {

namespace fs = std::filesystem;

struct Known {
  const char* name;
  std::vector<std::string> libraries;  ///< beginnings of file names, the best first
};

const std::vector<Known>& known_mallocs() {
  static const std::vector<Known> known = {
      {"glibc", {}},
      {"musl", {}},
      {"mimalloc", {"libmimalloc.so"}},
      {"jemalloc", {"libjemalloc.so"}},
      {"tcmalloc", {"libtcmalloc_minimal.so", "libtcmalloc.so"}},
      {"tbbmalloc", {"libtbbmalloc_proxy.so"}},
      {"scudo", {"libclang_rt.scudo_standalone-x86_64.so", "libclang_rt.scudo_standalone-aarch64.so"}},
  };
  return known;
}

/// The usual folders of libraries, and those of clang's, the newest first.
std::vector<fs::path> library_folders() {
  std::vector<fs::path> folders;
  std::vector<fs::path> of_clang;
  for (const char* top : {"/usr/local/lib", "/usr/lib", "/usr/lib64", "/lib"}) {
    std::error_code ignored;
    folders.emplace_back(top);
    for (const auto& entry : fs::directory_iterator(top, ignored)) {
      const std::string name = entry.path().filename();
      if (name.ends_with("-linux-gnu")) folders.push_back(entry.path());
      if (!name.starts_with("llvm-")) continue;
      for (const auto& version : fs::directory_iterator(entry.path() / "lib" / "clang", ignored)) {
        of_clang.push_back(version.path() / "lib" / "linux");
      }
    }
  }
  std::ranges::sort(of_clang, std::greater<>());
  folders.insert(folders.end(), of_clang.begin(), of_clang.end());
  return folders;
}

/// The file whose name begins so, with the lowest name of those in the first folder that has one.
fs::path find_library(const std::string& beginning) {
  for (const fs::path& folder : library_folders()) {
    fs::path found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const bool fits = entry.path().filename().string().starts_with(beginning);
      if (fits && (found.empty() || entry.path() < found)) found = entry.path();
    }
    if (!found.empty()) return found;
  }
  return {};
}

bool is_library(const fs::path& file) {
  char magic[4] = {};
  std::ifstream(file, std::ios::binary).read(magic, sizeof magic);
  return std::string_view(magic, sizeof magic) == "\177ELF";
}

int file_of(const Program& program) {
  const int file = memfd_create("steps", MFD_CLOEXEC);
  const StepsHeader header{program.steps.size(), program.left.size(), program.slots, program.steps_to_peak()};
  const auto put = [file](const void* from, std::size_t size) {
    const char* bytes = static_cast<const char*>(from);
    while (size != 0) {
      const ssize_t written = write(file, bytes, size);
      if (written <= 0) throw UserError("the trace could not be handed to the measuring program");
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  };
  put(&header, sizeof header);
  put(program.steps.data(), program.steps.size() * sizeof(Step));
  put(program.left.data(), program.left.size() * sizeof(Step));
  return file;
}

/// Starts a command whose descriptors 0, 1 and 3 are these; all others are closed by their own mark.
pid_t start(std::vector<std::string> command, std::vector<std::string> environment, int input, int output, int steps) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, steps, steps_descriptor);
  pid_t process = -1;
  const int error = posix_spawn(&process, command.front().c_str(), &actions, nullptr, pointers_to(command).data(),
                                pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw UserError("'" + command.front() + "' does not start: " + std::strerror(error));
  return process;
}

/// A pipe both of whose ends lie above the descriptors that the program started gets.
std::array<int, 2> open_pipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw UserError("no pipe could be opened");
  for (int& end : ends) {
    const int above = fcntl(end, F_DUPFD_CLOEXEC, steps_descriptor + 1);
    close(std::exchange(end, above));
  }
  return ends;
}

}  // namespace

fs::path instruction_counter() {
  const fs::path script = own_folder().parent_path() / "instructions" / "under_counter";
  if (!fs::exists(script)) throw UserError("the tool that counts instructions was not built (it needs valgrind)");
  return script;
}

std::vector<std::string> malloc_names() {
  std::vector<std::string> names;
  for (const Known& known : known_mallocs()) names.emplace_back(known.name);
  return names;
}

ForeignMalloc find_malloc(const std::string& name) {
  const fs::path plain = own_folder() / "bareheap-replay-malloc";
  if (name.contains('/')) {
    if (!is_library(name)) throw UserError("there is no library '" + name + "'");
    return {fs::path(name).filename().string(), plain, fs::canonical(name)};
  }
  const auto& known = known_mallocs();
  const auto found = std::ranges::find(known, name, &Known::name);
  if (found == known.end()) {
    throw UserError("no allocator '" + name + "' is known; a library is named by a path with a slash in it");
  }
  if (name == "glibc") return {name, plain, {}};
  if (name == "musl") {
    const fs::path linked = own_folder() / "bareheap-replay-musl";
    if (!fs::exists(linked)) throw UserError("musl cannot be measured: the tool was built without musl-gcc");
    return {name, linked, {}};
  }
  for (const std::string& beginning : found->libraries) {
    if (const fs::path library = find_library(beginning); !library.empty()) return {name, plain, library};
  }
  throw UserError("the library of " + name + " is not on this machine");
}

MallocProcess::MallocProcess(const ForeignMalloc& allocator, const Program& program, bool counted)
    : allocator_(allocator) {
  std::vector<std::string> command = {allocator.program};
  if (counted) command.insert(command.begin(), instruction_counter());
  std::signal(SIGPIPE, SIG_IGN);  // a process that ended is told of by ask()
  const auto [their_input, requests] = open_pipe();
  const auto [answers, their_output] = open_pipe();
  const int steps = file_of(program);
  process_ = start(std::move(command), environment_with(allocator.library), their_input, their_output, steps);
  requests_ = requests;
  answers_ = answers;
  for (const int end : {their_input, their_output, steps}) close(end);
}

MallocProcess::~MallocProcess() {
  close(requests_);  // which ends it
  close(answers_);
  if (process_ > 0) waitpid(process_, nullptr, 0);
}

void MallocProcess::wait_for_answer(std::uint64_t limit) {
  pollfd answers{answers_, POLLIN, 0};
  for (int ready = 0; ready <= 0;) {
    const std::uint64_t now = Clock().now();
    if (now >= limit) {
      kill(process_, SIGKILL);
      throw UserError("the program that measures " + allocator_.name + " does not answer");
    }
    ready = poll(&answers, 1, static_cast<int>(std::min<std::uint64_t>((limit - now) / 1'000'000 + 1, 1'000'000)));
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  }
}

Answer MallocProcess::ask(Order order, std::uint64_t deadline, double patience) {
  const Request request{order, 0, deadline};
  Answer answer;
  if (write(requests_, &request, sizeof request) != static_cast<ssize_t>(sizeof request)) tell_end();
  char* const bytes = reinterpret_cast<char*>(&answer);
  for (std::size_t got = 0; got != sizeof answer;) {
    wait_for_answer(deadline + static_cast<std::uint64_t>(patience * 1e9));
    const ssize_t size = read(answers_, bytes + got, sizeof answer - got);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) tell_end();
    got += static_cast<std::size_t>(size);
  }
  judge(answer);
  return answer;
}

// A library that cannot be loaded is left out by the loader, with a warning and nothing more.
void MallocProcess::judge(const Answer& answer) const {
  if (allocator_.library.empty()) return;
  std::error_code ignored;
  if (fs::equivalent(answer.provider, allocator_.library, ignored)) return;
  throw UserError("'" + allocator_.library.string() + "' was not used: malloc came from '" + answer.provider + "'");
}

void MallocProcess::tell_end() {
  int status = 0;
  waitpid(std::exchange(process_, -1), &status, 0);
  const std::string how = WIFSIGNALED(status) ? std::string("by the signal ") + strsignal(WTERMSIG(status))
                                              : "with status " + std::to_string(WEXITSTATUS(status));
  throw UserError("the program that measures " + allocator_.name + " ended " + how);
}

}  // namespace bareheap::tools::replay
