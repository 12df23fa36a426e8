// SPDX-License-Identifier: MIT
// bareheap-picture: makes a C++ header of a PNG, for a kernel that has no files and no room for a decoder. The picture
// is written as GIMP's "C source header" export does it: the 24 bits of a pixel become four printable characters.
#include <png.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace bareheap {
namespace {

constexpr std::uint32_t picture_width = 96;
constexpr std::uint32_t picture_height = 64;
constexpr std::uint32_t greatest_side = 8192;
constexpr std::size_t pixels_in_line = 64;

/// What went wrong, in words that end the sentence "bareheap-picture: ".
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Colour {
  std::uint8_t red;
  std::uint8_t green;
  std::uint8_t blue;
};

/// The screen's: a picture of another shape than the screen's place for it melts into the screen.
constexpr Colour background{0x0b, 0x10, 0x20};

using Picture = std::array<Colour, picture_width * picture_height>;
using Bytes = std::vector<char>;

/// Pixels as libpng hands them out: red, green, blue and alpha, a byte each.
struct Source {
  std::uint32_t width;
  std::uint32_t height;
  std::vector<std::uint8_t> bytes;

  const std::uint8_t* at(std::uint32_t x, std::uint32_t y) const {
    return bytes.data() + (std::size_t{y} * width + x) * 4;
  }
};

/// Frees what libpng holds, on whichever way the reading ends.
class PngReader {
 public:
  explicit PngReader(const Bytes& file) {
    image_.version = PNG_IMAGE_VERSION;
    check(png_image_begin_read_from_memory(&image_, file.data(), file.size()));
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_image_free(&image_); }

  Source read() {
    image_.format = PNG_FORMAT_RGBA;
    // Without this, 16 bits that come without a gamma would be taken for linear light and be made brighter.
    image_.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    Source source{image_.width, image_.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(image_))};
    check(png_image_finish_read(&image_, nullptr, source.bytes.data(), 0, nullptr));
    return source;
  }

 private:
  void check(int success) const {
    if (success == 0) throw Failure(std::string("is a damaged PNG (") + image_.message + ")");
  }

  png_image image_{};
};

std::uint32_t big_endian_at(const Bytes& file, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t index = offset; index < offset + 4; ++index) {
    value = value << 8 | static_cast<std::uint8_t>(file[index]);
  }
  return value;
}

/// libpng stops reading after the last pixel, so it does not notice that the end of a file is missing.
bool is_complete(const Bytes& file) {
  constexpr std::size_t signature_size = 8;
  constexpr std::size_t chunk_overhead = 12;
  std::size_t offset = signature_size;
  while (file.size() - offset >= chunk_overhead) {
    std::size_t length = big_endian_at(file, offset);
    if (length > file.size() - offset - chunk_overhead) return false;
    if (std::memcmp(&file[offset + 4], "IEND", 4) == 0) return true;
    offset += length + chunk_overhead;
  }
  return false;
}

/// The whole file. What does not begin as a PNG is not read on: it might have no end.
Bytes read_file(const std::string& path) {
  constexpr std::size_t signature_size = 8;
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Failure("cannot be opened: " + std::generic_category().message(errno));
  if (std::filesystem::is_directory(path)) throw Failure("is a directory, not a PNG");
  Bytes file(signature_size);
  stream.read(file.data(), signature_size);
  if (stream.bad()) throw Failure("cannot be read");
  bool is_png = stream.gcount() == signature_size &&
                png_sig_cmp(reinterpret_cast<png_const_bytep>(file.data()), 0, signature_size) == 0;
  if (!is_png) throw Failure("is not a PNG");
  constexpr std::size_t piece_size = 1 << 16;
  while (stream) {
    std::size_t size = file.size();
    file.resize(size + piece_size);
    stream.read(file.data() + size, piece_size);
    file.resize(size + static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) throw Failure("cannot be read to its end");
  return file;
}

/// Asked of the first chunk, before libpng sets memory aside. A chunk that is not what it should be, libpng refuses.
void check_size(const Bytes& file) {
  constexpr std::size_t first_chunk_at = 8;
  constexpr char first_chunk[] = {0, 0, 0, 13, 'I', 'H', 'D', 'R'};
  constexpr std::size_t width_at = first_chunk_at + sizeof first_chunk;
  constexpr std::size_t height_at = width_at + 4;
  if (std::memcmp(&file[first_chunk_at], first_chunk, sizeof first_chunk) != 0) return;
  std::uint32_t width = big_endian_at(file, width_at);
  std::uint32_t height = big_endian_at(file, height_at);
  if (width <= greatest_side && height <= greatest_side) return;
  std::string limit = std::to_string(greatest_side);
  throw Failure("is too large: " + std::to_string(width) + " x " + std::to_string(height) + " pixels, at most " +
                limit + " x " + limit + " are taken");
}

Source read_png(const std::string& path) {
  Bytes file = read_file(path);
  // Complete means that the first chunk is there in its full length, so that check_size() may look into it.
  if (!is_complete(file)) throw Failure("is a truncated PNG");
  check_size(file);
  return PngReader(file).read();
}

/// Where the source comes to lie in the picture: as large as fits, its shape kept, in the middle.
struct Placement {
  std::uint32_t left;
  std::uint32_t top;
  std::uint32_t width;
  std::uint32_t height;
};

Placement place(const Source& source) {
  auto scaled = [](std::uint32_t side, std::uint32_t numerator, std::uint32_t denominator) {
    return std::max(1u, (side * numerator * 2 + denominator) / (denominator * 2));
  };
  std::uint32_t width = picture_width;
  std::uint32_t height = picture_height;
  if (source.width * picture_height >= source.height * picture_width) {
    height = scaled(source.height, picture_width, source.width);
  } else {
    width = scaled(source.width, picture_height, source.height);
  }
  return {(picture_width - width) / 2, (picture_height - height) / 2, width, height};
}

/// A weighted mean of source pixels, each laid over the background first. Exact until the one rounding at its end: the
/// sums stay below 8192 * 8192 * 255 * 255.
class Mean {
 public:
  void add(const std::uint8_t* pixel, std::uint64_t weight) {
    std::uint64_t alpha = pixel[3];
    red_ += weight * (pixel[0] * alpha + background.red * (255 - alpha));
    green_ += weight * (pixel[1] * alpha + background.green * (255 - alpha));
    blue_ += weight * (pixel[2] * alpha + background.blue * (255 - alpha));
    weight_ += weight;
  }

  Colour colour() const { return {rounded(red_), rounded(green_), rounded(blue_)}; }

 private:
  std::uint8_t rounded(std::uint64_t sum) const {
    std::uint64_t whole = weight_ * 255;
    return static_cast<std::uint8_t>((sum + whole / 2) / whole);
  }

  std::uint64_t red_ = 0;
  std::uint64_t green_ = 0;
  std::uint64_t blue_ = 0;
  std::uint64_t weight_ = 0;
};

/// The source pixels that one picture pixel covers along one axis. Lengths are measured in the unit in which a source
/// pixel is `target_side` long and a picture pixel `source_side`, so that everything is a whole number.
class Cover {
 public:
  Cover(std::uint32_t target, std::uint32_t target_side, std::uint32_t source_side)
      : begin_(target * source_side), end_(begin_ + source_side), unit_(target_side) {}

  std::uint32_t first() const { return begin_ / unit_; }
  std::uint32_t last() const { return (end_ - 1) / unit_; }
  std::uint32_t weight(std::uint32_t source) const {
    return std::min(end_, (source + 1) * unit_) - std::max(begin_, source * unit_);
  }

 private:
  std::uint32_t begin_;
  std::uint32_t end_;
  std::uint32_t unit_;
};

/// For shrinking: each source pixel counts as much as the part of it that the picture pixel covers.
Colour averaged(const Source& source, const Placement& placement, std::uint32_t x, std::uint32_t y) {
  Cover columns(x, placement.width, source.width);
  Cover rows(y, placement.height, source.height);
  Mean mean;
  for (std::uint32_t row = rows.first(); row <= rows.last(); ++row) {
    for (std::uint32_t column = columns.first(); column <= columns.last(); ++column) {
      mean.add(source.at(column, row), std::uint64_t{columns.weight(column)} * rows.weight(row));
    }
  }
  return mean.colour();
}

/// For enlarging: the source pixel under the middle of the picture pixel, so that small drawings keep sharp edges.
Colour nearest(const Source& source, const Placement& placement, std::uint32_t x, std::uint32_t y) {
  Mean one;
  one.add(source.at((2 * x + 1) * source.width / (2 * placement.width),
                    (2 * y + 1) * source.height / (2 * placement.height)),
          1);
  return one.colour();
}

Picture fit(const Source& source) {
  Picture picture;
  picture.fill(background);
  Placement placement = place(source);
  auto sample = source.width > picture_width || source.height > picture_height ? averaged : nearest;
  for (std::uint32_t y = 0; y < placement.height; ++y) {
    for (std::uint32_t x = 0; x < placement.width; ++x) {
      picture[(placement.top + y) * picture_width + placement.left + x] = sample(source, placement, x, y);
    }
  }
  return picture;
}

/// Four times six bits of the pixel, each raised by 33 into the printable characters.
std::string encoded(Colour colour) {
  unsigned bits = static_cast<unsigned>(colour.red << 16 | colour.green << 8 | colour.blue);
  std::string text;
  for (int shift = 18; shift >= 0; shift -= 6) {
    char character = static_cast<char>((bits >> shift & 0x3F) + 33);
    // Question marks too: compilers warn of two in a row, which once began a trigraph.
    if (character == '"' || character == '\\' || character == '?') text += '\\';
    text += character;
  }
  return text;
}

std::string header_of(const Picture& picture) {
  std::string header =
      "// SPDX-License-Identifier: MIT\n"
      "// Made by bareheap-picture: change the picture, not this file. Each pixel is four characters; each of them, "
      "less\n"
      "// 33, is six bits of its red, green and blue, the highest first.\n"
      "#pragma once\n\n"
      "namespace bareheap::homer {\n\n"
      "inline constexpr unsigned picture_width = " +
      std::to_string(picture_width) +
      ";\ninline constexpr unsigned picture_height = " + std::to_string(picture_height) +
      ";\n\n// clang-format off\ninline constexpr char picture_data[] =";
  for (std::size_t index = 0; index < picture.size(); ++index) {
    if (index % pixels_in_line == 0) header += index == 0 ? "\n  \"" : "\"\n  \"";
    header += encoded(picture[index]);
  }
  header += "\";\n// clang-format on\n\n}  // namespace bareheap::homer\n";
  return header;
}

/// Leaves no half of a header behind. What is no ordinary file, a pipe for instance, is not removed.
void write_file(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  if (!stream) throw Failure("cannot be written: " + std::generic_category().message(errno));
  stream << text;
  stream.close();
  if (stream) return;
  std::string reason = std::generic_category().message(errno);
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) std::filesystem::remove(path, ignored);
  throw Failure("cannot be written: " + reason);
}

/// Runs a step of the work on one file, and puts the name of that file in front of what goes wrong with it.
template <class Step>
auto about(const std::string& path, Step step) {
  try {
    return step();
  } catch (const Failure& failure) {
    throw Failure("'" + path + "' " + failure.what());
  }
}

void convert(const std::string& input, const std::string& output) {
  Source source = about(input, [&] { return read_png(input); });
  std::error_code ignored;
  if (std::filesystem::equivalent(input, output, ignored)) {
    throw Failure("'" + output + "' is the picture itself and would be overwritten");
  }
  std::string header = header_of(fit(source));
  about(output, [&] { write_file(output, header); });
}

/// One line whatever is in it: names of files may contain line ends.
int refuse(std::string sentence) {
  for (char& character : sentence) {
    if (static_cast<unsigned char>(character) < ' ') character = ' ';
  }
  std::cerr << "bareheap-picture: " << sentence << ".\n";
  return 1;
}

int run(int count, char** arguments) {
  CLI::App app("Makes a C++ header of a PNG, scaled to fit " + std::to_string(picture_width) + " x " +
                   std::to_string(picture_height) + " pixels, for a kernel to show.",
               "bareheap-picture");
  app.footer("Example:\n  bareheap-picture kernels/homer/picture.png build/picture_data.hpp");
  std::string input;
  std::string output;
  app.add_option("INPUT.png", input, "the picture; any PNG of up to 8192 x 8192 pixels")->required();
  app.add_option("OUTPUT.hpp", output, "the header to write; one of that name is replaced")->required();
  try {
    app.parse(count, arguments);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError&) {
    return refuse("exactly two names are needed, INPUT.png and OUTPUT.hpp (--help tells more)");
  }
  convert(input, output);
  return 0;
}

}  // namespace
}  // namespace bareheap

int main(int count, char** arguments) {
  try {
    return bareheap::run(count, arguments);
  } catch (const std::bad_alloc&) {
    return bareheap::refuse("there is not enough memory for this picture");
  } catch (const std::exception& error) {
    return bareheap::refuse(error.what());
  }
}
