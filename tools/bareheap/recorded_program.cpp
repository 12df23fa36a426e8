// SPDX-License-Identifier: MIT
#include "recorded_program.hpp"

#include "processes.hpp"
#include "trace.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

namespace bareheap::tools {
namespace {

using recorder::Recording;

std::filesystem::path library() {
  const std::filesystem::path path = own_folder() / "libbareheap-record.so";
  if (!std::filesystem::exists(path)) throw UserError("there is no " + path.string() + ", which records programs");
  if (path.string().find_first_of(": ") != std::string::npos)
    throw UserError("the name of " + path.string() +
                    " has a space or a colon, and no library is loaded by such a name");
  return path;
}

std::filesystem::path new_folder() {
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "bareheap-record-XXXXXX").string();
  if (error) throw UserError("there is no folder for temporary files where TMPDIR says");
  if (mkdtemp(name.data()) == nullptr) throw UserError(name + " cannot be made: " + std::strerror(errno));
  return name;
}

Recording* map_new(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const int error = file < 0 ? errno : posix_fallocate(file, 0, sizeof(Recording));  // which leaves errno as it is
  if (error != 0) throw UserError(path.string() + " cannot be written: " + std::strerror(error));
  void* const memory = mmap(nullptr, sizeof(Recording), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return new (memory) Recording();
}

// The environment of the tool, with the library before others that are loaded into every program.
std::vector<std::string> environment_for(const std::filesystem::path& folder) {
  const char* const others = std::getenv("LD_PRELOAD");
  std::vector<std::string> variables =
      environment_with(library().string() + (others != nullptr ? std::string(":") + others : std::string()));
  variables.insert(variables.begin(), std::string(recorder::variable) + "=" + (folder / "state").string());
  return variables;
}

pid_t start(std::vector<std::string> program, const std::filesystem::path& folder) {
  std::vector<std::string> variables = environment_for(folder);
  pid_t process = 0;
  const int error = posix_spawnp(&process, program.front().c_str(), nullptr, nullptr, pointers_to(program).data(),
                                 pointers_to(variables).data());
  if (error != 0) throw UserError(program.front() + " cannot be started: " + std::strerror(error));
  return process;
}

volatile pid_t program_of_signals = 0;

void pass_on(int signal) { kill(program_of_signals, signal); }

void handle_signals(void (*interrupts)(int), void (*ends)(int)) {
  for (const int signal : {SIGINT, SIGQUIT}) std::signal(signal, interrupts);
  for (const int signal : {SIGTERM, SIGHUP}) std::signal(signal, ends);
}

}  // namespace

void check_writable(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const std::filesystem::path& asked = std::filesystem::exists(file) ? file : folder;
  if (std::filesystem::is_directory(file)) throw UserError(file.string() + " cannot be written: it is a folder");
  if (access(asked.c_str(), W_OK) != 0) throw UserError(file.string() + " cannot be written: " + std::strerror(errno));
}

RecordedProgram::RecordedProgram(const std::vector<std::string>& program, bool callers, bool times)
    : program_(program.front()), folder_(new_folder()) {
  try {
    recording_ = map_new(folder_ / "state");
    recording_->tool = getpid();
    recording_->callers = callers;
    recording_->times = times;
    (folder_ / "events").string().copy(recording_->file().path, sizeof recorder::PiecewiseFile::path - 1);
    std::ofstream(folder_ / "events");
    process_ = start(program, folder_);
  } catch (...) {
    std::filesystem::remove_all(folder_);
    throw;
  }
}

RecordedProgram::~RecordedProgram() {
  munmap(recording_, sizeof(Recording));
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

int RecordedProgram::wait() {
  program_of_signals = process_;
  handle_signals(SIG_IGN, pass_on);
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) continue;
  handle_signals(SIG_DFL, SIG_DFL);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<std::byte> RecordedProgram::events() {
  if (!recording_->started) {
    throw UserError("nothing was recorded: " + program_ +
                    " did not load the recorder's library (it is linked statically, is for another processor, or runs "
                    "with another user's rights)");
  }
  recording_->end();
  return read_file(folder_ / "events");
}

std::string RecordedProgram::why_cut_off() const {
  const int error = recording_->file().error;
  if (error == 0) return "";
  return "the recording in " + folder_.parent_path().string() + " could not be written: " + std::strerror(error);
}

}  // namespace bareheap::tools
