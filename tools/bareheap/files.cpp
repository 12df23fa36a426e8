// SPDX-License-Identifier: MIT
#include "files.hpp"

#include "trace.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace bareheap::tools {
namespace {

constexpr int zstd_level = 19;
constexpr std::size_t piece_size = std::size_t{1} << 17;

using Bytes = std::vector<std::byte>;

bool begins_with(const Bytes& bytes, std::initializer_list<unsigned char> magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin(),
                    [](unsigned char left, std::byte right) { return std::byte{left} == right; });
}

// Room for one more piece at the end, as far as a file may unpack to.
void make_room(Bytes& bytes) {
  if (bytes.size() > most_unpacked_bytes) throw UserError("is larger than the 1 GiB that is read");
  bytes.resize(bytes.size() + piece_size);
}

Bytes read_raw(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  Bytes bytes;
  std::size_t size = 0;
  while (file) {
    make_room(bytes);
    file.read(reinterpret_cast<char*>(bytes.data() + size), piece_size);
    size += static_cast<std::size_t>(file.gcount());
    bytes.resize(size);
  }
  if (!file.eof()) throw UserError(std::string("cannot be read: ") + std::strerror(errno != 0 ? errno : EIO));
  return bytes;
}

Bytes unpack_zstd(const Bytes& packed) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  ZSTD_inBuffer input{packed.data(), packed.size(), 0};
  Bytes bytes;
  std::size_t expected = 1;
  for (bool full = true; input.pos < input.size || full;) {
    const std::size_t size = bytes.size();
    make_room(bytes);
    ZSTD_outBuffer output{bytes.data() + size, piece_size, 0};
    expected = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(expected)) throw UserError("is damaged: it does not unpack");
    bytes.resize(size + output.pos);
    full = output.pos == output.size;
  }
  if (expected != 0) throw UserError("is cut off: it does not unpack to its end");
  return bytes;
}

Bytes unpack_gzip(Bytes packed) {
  constexpr int gzip_of_any_window = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, gzip_of_any_window) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes bytes;
  for (int state = Z_OK; state != Z_STREAM_END || stream.avail_in != 0;) {
    if (state == Z_STREAM_END) inflateReset(&stream);  // another one follows, as where files were put together
    const std::size_t size = bytes.size();
    make_room(bytes);
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + size);
    stream.avail_out = piece_size;
    state = inflate(&stream, Z_NO_FLUSH);
    if (state == Z_BUF_ERROR) throw UserError("is cut off: it does not unpack to its end");
    if (state != Z_OK && state != Z_STREAM_END) throw UserError("is damaged: it does not unpack");
    bytes.resize(size + piece_size - stream.avail_out);
  }
  return bytes;
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& file) {
  try {
    Bytes bytes = read_raw(file);
    if (begins_with(bytes, {0x28, 0xB5, 0x2F, 0xFD})) return unpack_zstd(bytes);
    if (begins_with(bytes, {0x1F, 0x8B})) return unpack_gzip(std::move(bytes));
    return bytes;
  } catch (const UserError& error) {
    throw UserError(file.string() + " " + error.what());
  }
}

void CompressedFile::Freed::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }

CompressedFile::CompressedFile(const std::filesystem::path& file)
    : path_(file), file_(file, std::ios::binary), context_(ZSTD_createCCtx()), packed_(ZSTD_CStreamOutSize()) {
  if (!file_) throw UserError(path_.string() + " cannot be written: " + std::strerror(errno));
  if (!context_) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, zstd_level);
}

void CompressedFile::compress(const std::byte* bytes, std::size_t size, bool last) noexcept {
  ZSTD_inBuffer input{bytes, size, 0};
  for (bool done = false; !done && file_;) {
    ZSTD_outBuffer output{packed_.data(), packed_.size(), 0};
    const auto left = ZSTD_compressStream2(context_.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) return file_.setstate(std::ios::badbit);
    file_.write(packed_.data(), static_cast<std::streamsize>(output.pos));
    written_ += output.pos;
    done = last ? left == 0 : input.pos == input.size;
  }
}

std::uint64_t CompressedFile::close() {
  compress(nullptr, 0, true);
  file_.close();
  if (!file_) throw UserError(path_.string() + " cannot be written to its end");
  return written_;
}

}  // namespace bareheap::tools
