// SPDX-License-Identifier: MIT
// Reads a flattened device tree (Devicetree Specification 0.4, chapter 5), which the firmware hands over in memory:
// what it says is not trusted. Nothing here touches the machine or allocates, and no byte outside the tree is read.
//
//     DeviceTree tree;
//     if (const char* fault = tree.open(blob)) …                 a sentence
//     tree.each_node([](const DeviceTree::Node& node) { … });
#pragma once

#include "bareheap/core/bits.hpp"
#include "bareheap/core/function_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bareheap::port {

/// A number of the tree: the highest byte first, at any address. At most 8 bytes.
inline std::uint64_t tree_number(std::span<const std::byte> bytes) noexcept {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

class DeviceTree {
 public:
  using Bytes = std::span<const std::byte>;

  /// An entry of `reg`. It may be of any size, and may wrap.
  struct Range {
    std::uint64_t start;
    std::uint64_t size;
  };

  static constexpr std::size_t header_size = 40;
  /// Larger trees are refused: the largest that Linux takes on AArch64 (Linux, Documentation/arch/arm64/booting.rst).
  static constexpr std::size_t size_limit = std::size_t{2} << 20;
  static constexpr std::size_t depth_limit = 16;

  /// A node, valid while the sink of each_node() runs, as are its parents.
  class Node {
   public:
    constexpr Node() noexcept = default;

    /// With its address, "memory@80000000"; empty for the root.
    std::string_view name() const noexcept { return name_; }

    /// Null for the root.
    const Node* parent() const noexcept { return parent_; }

    /// 0 for the root.
    std::size_t depth() const noexcept { return parent_ == nullptr ? 0 : parent_->depth() + 1; }

    /// The property's bytes, of which there may be none; nothing where the node has no such property.
    std::optional<Bytes> property(std::string_view name) const noexcept {
      for (std::size_t at = properties_;;) {
        const Piece piece = tree_->piece_at(at);
        if (piece.fault != nullptr || (piece.token != Token::property && piece.token != Token::nothing)) return {};
        if (piece.token == Token::property && piece.name == name) return piece.value;
        at = piece.next;
      }
    }

    /// A property that holds one number of 4 or 8 bytes.
    std::optional<std::uint64_t> number(std::string_view name) const noexcept {
      const std::optional<Bytes> value = property(name);
      if (!value || (value->size() != 4 && value->size() != 8)) return {};
      return tree_number(*value);
    }

    /// True where the property is a list of strings, each ended by a zero, and `text` is one of them.
    bool lists(std::string_view name, std::string_view text) const noexcept {
      const std::optional<Bytes> value = property(name);
      if (!value) return false;
      std::string_view rest(reinterpret_cast<const char*>(value->data()), value->size());
      for (std::size_t end = rest.find('\0'); end != rest.npos; end = rest.find('\0')) {
        if (rest.substr(0, end) == text) return true;
        rest.remove_prefix(end + 1);
      }
      return false;
    }

    /// A node without status is in use (specification, section 2.3.4).
    bool in_use() const noexcept { return !property("status") || lists("status", "okay") || lists("status", "ok"); }

    /// Shows the sink each entry of `reg`; its numbers are as wide as the parent says (specification, section 2.3.6).
    /// False where widths or length are not what they may be; a node without `reg` has no entries.
    bool each_range(FunctionRef<void(const Range&)> sink) const noexcept {
      const std::optional<Bytes> reg = property("reg");
      if (!reg) return true;
      const std::uint64_t address_cells = parent_ == nullptr ? 2 : parent_->number("#address-cells").value_or(2);
      const std::uint64_t size_cells = parent_ == nullptr ? 1 : parent_->number("#size-cells").value_or(1);
      if (address_cells < 1 || address_cells > 2 || size_cells > 2) return false;
      const std::size_t address_bytes = static_cast<std::size_t>(address_cells) * 4;
      const std::size_t size_bytes = static_cast<std::size_t>(size_cells) * 4;
      if (reg->size() % (address_bytes + size_bytes) != 0) return false;
      for (Bytes rest = *reg; !rest.empty(); rest = rest.subspan(address_bytes + size_bytes)) {
        sink({tree_number(rest.first(address_bytes)), tree_number(rest.subspan(address_bytes, size_bytes))});
      }
      return true;
    }

   private:
    friend class DeviceTree;
    Node(const DeviceTree* tree, std::string_view name, const Node* parent, std::size_t properties) noexcept
        : tree_(tree), name_(name), parent_(parent), properties_(properties) {}

    const DeviceTree* tree_ = nullptr;
    std::string_view name_;
    const Node* parent_ = nullptr;
    std::size_t properties_ = 0;
  };

  /// The size that a tree's header claims; 0 where these first 8 bytes are no tree's.
  static std::size_t claimed_size(std::span<const std::byte, 8> start) noexcept {
    constexpr std::uint32_t magic = 0xd00dfeed;
    return tree_number(start.first(4)) == magic ? static_cast<std::size_t>(tree_number(start.last(4))) : 0;
  }

  /// Looks at the whole tree once. Null where it is sound; else a sentence, and no other function may be called.
  [[nodiscard]] const char* open(Bytes blob) noexcept {
    blob_ = blob;
    const char* fault = check_header();
    if (fault == nullptr) fault = check_reservations();
    return fault == nullptr ? check_structure() : fault;
  }

  /// Shows the sink every node, parents before their children. The nodes are kept in this object, which may be off the
  /// stack: the sink must not call this again.
  void each_node(FunctionRef<void(const Node&)> sink) noexcept {
    std::size_t depth = 0;
    for (std::size_t at = 0;;) {
      const Piece piece = piece_at(at);
      if (piece.fault != nullptr || piece.token == Token::end) return;
      if (piece.token == Token::end_node) --depth;
      if (piece.token == Token::begin_node) {
        path_[depth] = Node(this, piece.name, depth == 0 ? nullptr : &path_[depth - 1], piece.next);
        sink(path_[depth]);
        ++depth;
      }
      at = piece.next;
    }
  }

  /// Shows the sink the memory that the header reserves (specification, section 5.3).
  void each_reservation(FunctionRef<void(const Range&)> sink) const noexcept {
    for (Bytes rest = blob_.subspan(reservations_);; rest = rest.subspan(16)) {
      const Range range{tree_number(rest.first(8)), tree_number(rest.subspan(8, 8))};
      if (range.start == 0 && range.size == 0) return;
      sink(range);
    }
  }

 private:
  enum class Token : std::uint32_t { begin_node = 1, end_node = 2, property = 3, nothing = 4, end = 9 };

  /// One token of the structure with all that belongs to it. `next` is always further on.
  struct Piece {
    const char* fault = nullptr;
    Token token = Token::end;
    std::string_view name{};
    Bytes value{};
    std::size_t next = 0;
  };

  static constexpr const char* cut_off = "the device tree is cut off in the middle";

  std::size_t header(std::size_t field) const noexcept {
    return static_cast<std::size_t>(tree_number(blob_.subspan(field, 4)));
  }

  const char* check_header() noexcept {
    if (blob_.size() < header_size) return "the device tree is smaller than its header";
    const std::size_t size = claimed_size(blob_.first<8>());
    if (size == 0) return "there is no device tree: its first bytes are others";
    if (size < header_size || size > size_limit || size > blob_.size()) return "the device tree has an impossible size";
    blob_ = blob_.first(size);
    constexpr std::size_t version = 17;
    if (header(20) < version || header(24) > version) return "the device tree has a version that nobody knows";
    const bool inside = lies_inside(header(8), header(36)) && lies_inside(header(12), header(32)) &&
                        lies_inside(header(16), 16) && header(8) % 4 == 0 && header(16) % 8 == 0;
    if (!inside) return "the device tree has parts outside of it";
    structure_ = blob_.subspan(header(8), header(36));
    strings_ = blob_.subspan(header(12), header(32));
    reservations_ = header(16);
    return nullptr;
  }

  bool lies_inside(std::size_t start, std::size_t size) const noexcept {
    return start >= header_size && start <= blob_.size() && size <= blob_.size() - start;
  }

  const char* check_reservations() const noexcept {
    for (Bytes rest = blob_.subspan(reservations_); rest.size() >= 16; rest = rest.subspan(16)) {
      if (tree_number(rest.first(8)) == 0 && tree_number(rest.subspan(8, 8)) == 0) return nullptr;
    }
    return "the device tree's list of reserved memory has no end";
  }

  const char* check_structure() const noexcept {
    std::size_t depth = 0;
    bool properties_over = false;
    for (std::size_t at = 0;;) {
      const Piece piece = piece_at(at);
      if (piece.fault != nullptr) return piece.fault;
      const bool root = piece.token == Token::begin_node && at == 0;
      if (depth == 0 && !root && piece.token != Token::nothing) {
        return piece.token == Token::end && at != 0 ? nullptr : "the device tree has something beside its root";
      }
      switch (piece.token) {
        case Token::begin_node:
          if (depth == depth_limit) return "the device tree is nested too deep";
          ++depth;
          break;
        case Token::end_node: --depth; break;
        case Token::property:
          if (properties_over) return "the device tree has a property after a child";
          break;
        case Token::nothing: break;
        case Token::end: return "the device tree ends inside a node";
      }
      if (piece.token != Token::nothing) properties_over = piece.token == Token::end_node;
      at = piece.next;
    }
  }

  Piece piece_at(std::size_t at) const noexcept {
    if (structure_.size() - at < 4) return {.fault = cut_off};
    const auto token = static_cast<Token>(tree_number(structure_.subspan(at, 4)));
    switch (token) {
      case Token::begin_node: return node_at(at + 4);
      case Token::property: return property_at(at + 4);
      case Token::end_node:
      case Token::nothing:
      case Token::end: return {.token = token, .next = at + 4};
    }
    return {.fault = "the device tree has a token that nobody knows"};
  }

  Piece node_at(std::size_t at) const noexcept {
    const std::optional<std::string_view> name = string_at(structure_, at);
    if (!name) return {.fault = "the device tree has a name without end"};
    return followed_at(at + name->size() + 1, {.token = Token::begin_node, .name = *name});
  }

  Piece property_at(std::size_t at) const noexcept {
    if (structure_.size() - at < 8) return {.fault = cut_off};
    const auto size = static_cast<std::size_t>(tree_number(structure_.subspan(at, 4)));
    const std::optional<std::string_view> name =
        string_at(strings_, static_cast<std::size_t>(tree_number(structure_.subspan(at + 4, 4))));
    if (!name) return {.fault = "the device tree has a property without a name"};
    at += 8;
    if (size > structure_.size() - at) return {.fault = "the device tree has a property that reaches beyond it"};
    return followed_at(at + size, {.token = Token::property, .name = *name, .value = structure_.subspan(at, size)});
  }

  /// The same piece with the place after it: tokens stand at multiples of 4.
  Piece followed_at(std::size_t end, Piece piece) const noexcept {
    piece.next = align_down(end + 3, 4);
    return piece.next > structure_.size() ? Piece{.fault = cut_off} : piece;
  }

  /// The characters up to the next zero, which must be in `bytes` too.
  static std::optional<std::string_view> string_at(Bytes bytes, std::size_t at) noexcept {
    if (at >= bytes.size()) return {};
    const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + at, bytes.size() - at);
    const std::size_t end = rest.find('\0');
    if (end == rest.npos) return {};
    return rest.substr(0, end);
  }

  Bytes blob_;
  Bytes structure_;
  Bytes strings_;
  std::size_t reservations_ = 0;
  Node path_[depth_limit];
};

}  // namespace bareheap::port
