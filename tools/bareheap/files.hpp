// SPDX-License-Identifier: MIT
// Files as the tools read and write them: whole, and compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

struct ZSTD_CCtx_s;

namespace bareheap::tools {

/// More than this is not read: a small file can unpack to any size.
inline constexpr std::size_t most_unpacked_bytes = std::size_t{1} << 30;

/// What is in a file, unpacked where it is compressed with zstd or gzip. Throws UserError with a sentence that begins
/// with the file's name.
std::vector<std::byte> read_file(const std::filesystem::path& file);

/// A trace that is written to memory.
struct MemorySink {
  std::vector<std::byte> bytes;

  void write(const std::byte* from, std::size_t size) noexcept { bytes.insert(bytes.end(), from, from + size); }
};

/// A file that is compressed with zstd while it is written: the sink of a TraceWriter.
class CompressedFile {
 public:
  /// Throws UserError where the file cannot be opened.
  explicit CompressedFile(const std::filesystem::path& file);

  void write(const std::byte* bytes, std::size_t size) noexcept { compress(bytes, size, false); }

  /// Writes what is left. Answers how many bytes were written in all. Throws UserError where one could not be.
  std::uint64_t close();

 private:
  struct Freed {
    void operator()(ZSTD_CCtx_s* context) const noexcept;
  };

  void compress(const std::byte* bytes, std::size_t size, bool last) noexcept;

  std::filesystem::path path_;
  std::ofstream file_;
  std::unique_ptr<ZSTD_CCtx_s, Freed> context_;
  std::vector<char> packed_;
  std::uint64_t written_ = 0;
};

}  // namespace bareheap::tools
