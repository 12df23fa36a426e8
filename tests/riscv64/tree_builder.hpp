// SPDX-License-Identifier: MIT
// Makes flattened device trees, whole ones and broken ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace bareheap::test {

using Blob = std::vector<std::byte>;

inline void put_number(Blob& blob, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) blob.push_back(static_cast<std::byte>(value >> (8 * i)));
}

/// Overwrites four bytes.
inline void set_number(Blob& blob, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) blob.at(at + i) = static_cast<std::byte>(value >> (8 * (3 - i)));
}

class TreeBuilder {
 public:
  TreeBuilder& begin(std::string_view name) {
    put_number(structure_, 1, 4);
    put_string(structure_, name);
    return *this;
  }

  TreeBuilder& end() { return token(2); }

  TreeBuilder& token(std::uint32_t value) {
    put_number(structure_, value, 4);
    return *this;
  }

  TreeBuilder& property(std::string_view name, const Blob& value) {
    token(3).token(static_cast<std::uint32_t>(value.size())).token(static_cast<std::uint32_t>(strings_.size()));
    for (const char character : name) strings_.push_back(static_cast<std::byte>(character));
    strings_.push_back(std::byte{0});
    structure_.insert(structure_.end(), value.begin(), value.end());
    pad(structure_);
    return *this;
  }

  TreeBuilder& cells(std::string_view name, std::initializer_list<std::uint32_t> values) {
    Blob bytes;
    for (const std::uint32_t value : values) put_number(bytes, value, 4);
    return property(name, bytes);
  }

  TreeBuilder& text(std::string_view name, std::string_view value) {
    Blob bytes;
    for (const char character : value) bytes.push_back(static_cast<std::byte>(character));
    bytes.push_back(std::byte{0});
    return property(name, bytes);
  }

  TreeBuilder& reserve(std::uint64_t start, std::uint64_t size) {
    put_number(reservations_, start, 8);
    put_number(reservations_, size, 8);
    return *this;
  }

  /// Header, reservations, structure, strings.
  Blob build() const {
    Blob structure = structure_;
    put_number(structure, 9, 4);
    const std::size_t structure_at = 40 + reservations_.size() + 16;
    const std::size_t strings_at = structure_at + structure.size();
    Blob blob;
    for (const std::size_t field :
         {std::size_t{0xd00dfeed}, strings_at + strings_.size(), structure_at, strings_at, std::size_t{40},
          std::size_t{17}, std::size_t{16}, std::size_t{0}, strings_.size(), structure.size()}) {
      put_number(blob, field, 4);
    }
    blob.insert(blob.end(), reservations_.begin(), reservations_.end());
    blob.resize(blob.size() + 16);
    blob.insert(blob.end(), structure.begin(), structure.end());
    blob.insert(blob.end(), strings_.begin(), strings_.end());
    return blob;
  }

 private:
  static void pad(Blob& blob) {
    while (blob.size() % 4 != 0) blob.push_back(std::byte{0});
  }

  static void put_string(Blob& blob, std::string_view text) {
    for (const char character : text) blob.push_back(static_cast<std::byte>(character));
    blob.push_back(std::byte{0});
    pad(blob);
  }

  Blob structure_;
  Blob strings_;
  Blob reservations_;
};

/// A machine like QEMU's virt with 128 MiB and two harts, 0 and 1.
inline TreeBuilder virt_tree() {
  TreeBuilder tree;
  tree.begin("").cells("#address-cells", {2}).cells("#size-cells", {2}).text("compatible", "riscv-virtio");
  tree.begin("memory@80000000").text("device_type", "memory").cells("reg", {0, 0x80000000, 0, 0x8000000}).end();
  tree.begin("reserved-memory").cells("#address-cells", {2}).cells("#size-cells", {2}).property("ranges", {});
  tree.begin("firmware@80000000").cells("reg", {0, 0x80000000, 0, 0x80000}).property("no-map", {}).end().end();
  tree.begin("cpus").cells("#address-cells", {1}).cells("#size-cells", {0}).cells("timebase-frequency", {10000000});
  tree.begin("cpu@0").text("device_type", "cpu").cells("reg", {0}).text("status", "okay").end();
  tree.begin("cpu@1").text("device_type", "cpu").cells("reg", {1}).text("status", "okay").end();
  tree.end();
  tree.begin("soc").cells("#address-cells", {2}).cells("#size-cells", {2}).property("ranges", {});
  tree.begin("uart@10000000").text("compatible", "ns16550a").cells("reg", {0, 0x10000000, 0, 0x100}).end();
  tree.begin("test@100000").text("compatible", std::string_view("sifive,test1\0sifive,test0\0syscon", 32));
  tree.cells("reg", {0, 0x100000, 0, 0x1000}).end().end();
  return tree;
}

inline Blob virt_blob() { return virt_tree().end().build(); }

}  // namespace bareheap::test
