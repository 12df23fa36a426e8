// SPDX-License-Identifier: MIT
#include "ports/x86_64/acpi.hpp"

#include "x86_64/firmware.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace bareheap::x86_64 {
namespace {

using Identities = std::vector<std::uint32_t>;
using Places = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

class AcpiTest : public testing::Test {
 protected:
  using Bytes = std::vector<std::uint8_t>;

  /// A table of this content behind the header.
  std::uint64_t put_table(std::string_view signature, const Bytes& content) {
    const std::uint64_t at = firmware_.put_text(signature);
    const std::uint64_t size = 36 + content.size();
    firmware_.put(static_cast<std::uint32_t>(size));
    for (int i = 8; i < 36; ++i) firmware_.put(std::uint8_t{0});
    for (const std::uint8_t byte : content) firmware_.put(byte);
    firmware_.add_up(at, size, at + 9);
    return at;
  }

  template <class T>
  std::uint64_t put_root_table(std::string_view signature, const std::vector<T>& tables) {
    Bytes content(tables.size() * sizeof(T));
    if (!tables.empty()) std::memcpy(content.data(), tables.data(), content.size());
    return put_table(signature, content);
  }

  std::uint64_t put_madt(const Bytes& entries) {
    Bytes content(8);
    content.insert(content.end(), entries.begin(), entries.end());
    return put_table("APIC", content);
  }

  std::uint64_t put_root(std::uint8_t revision, std::uint64_t rsdt, std::uint64_t xsdt) {
    const std::uint64_t at = firmware_.put_text("RSD PTR ");
    firmware_.put_text(std::string_view("\0OEMID.", 7));
    firmware_.put(revision);
    firmware_.put(static_cast<std::uint32_t>(rsdt));
    firmware_.put(std::uint32_t{36});
    firmware_.put(xsdt);
    firmware_.put(std::uint32_t{0});
    firmware_.add_up(at, 20, at + 8);
    firmware_.add_up(at, 36, at + 32);
    return at;
  }

  Identities cpus(std::uint64_t root) {
    CpuList list(0);
    places_.clear();
    AcpiReader(firmware_.memory()).read(root, list, [this](std::uint64_t at, std::uint64_t size) {
      places_.emplace_back(at, size);
    });
    return {list.identities().begin(), list.identities().end()};
  }

  Identities cpus_of(const Bytes& entries) {
    return cpus(put_root(0, put_root_table<std::uint32_t>("RSDT", {static_cast<std::uint32_t>(put_madt(entries))}), 0));
  }

  test::Firmware firmware_;
  Places places_;
};

const std::vector<std::uint8_t> four_cpus = {0, 8, 0, 0, 1, 0, 0, 0, 0, 8, 1, 1, 1, 0, 0, 0,
                                             0, 8, 2, 2, 1, 0, 0, 0, 0, 8, 3, 3, 1, 0, 0, 0};

TEST_F(AcpiTest, Finds_CPUs_by_the_old_table_and_by_the_new_one) {
  const std::uint64_t madt = put_madt(four_cpus);
  const std::uint64_t rsdt = put_root_table<std::uint32_t>("RSDT", {static_cast<std::uint32_t>(madt)});
  const std::uint64_t old_root = put_root(0, rsdt, 0);
  EXPECT_EQ(cpus(old_root), (Identities{0, 1, 2, 3}));
  EXPECT_EQ(places_, (Places{{old_root, 20}, {rsdt, 40}, {madt, 76}}));
  const std::uint64_t xsdt = put_root_table<std::uint64_t>("XSDT", {madt});
  const std::uint64_t new_root = put_root(2, 0, xsdt);
  EXPECT_EQ(cpus(new_root), (Identities{0, 1, 2, 3}));
  EXPECT_EQ(places_, (Places{{new_root, 36}, {xsdt, 44}, {madt, 76}}));
  EXPECT_EQ(cpus(put_root(2, rsdt, madt)), (Identities{0, 1, 2, 3}));  // no XSDT where it should be
  EXPECT_EQ(cpus(put_root(0, madt, xsdt)), Identities{0});
}

TEST_F(AcpiTest, Other_entries_are_passed_over) {
  EXPECT_EQ(cpus_of({1, 12, 0, 0,   0, 0, 0, 0, 0, 0, 0, 0,              // an I/O APIC
                     0, 8,  0, 7,   0, 0, 0, 0,                          // not usable
                     0, 8,  0, 9,   1, 0, 0, 0,                          //
                     0, 8,  0, 9,   1, 0, 0, 0,                          // again
                     9, 16, 0, 0,   5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,  //
                     9, 16, 0, 0,   0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,  // 256: the interrupt command cannot name it
                     0, 8,  0, 255, 1, 0, 0, 0}),                        // all
            (Identities{0, 9, 5}));
}

TEST_F(AcpiTest, An_entry_without_end_ends_the_list) {
  EXPECT_EQ(cpus_of({0, 8, 0, 1, 1, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0}), (Identities{0, 1}));
  EXPECT_EQ(cpus_of({0, 8, 0, 1, 1, 0, 0, 0, 0, 9, 0, 2, 1, 0, 0, 0}), (Identities{0, 1}));
  EXPECT_EQ(cpus_of({0, 8, 0, 1, 1, 0, 0, 0, 0}), (Identities{0, 1}));
  EXPECT_EQ(cpus_of({0, 7, 0, 1, 1, 0, 0, 0, 8, 0, 2, 1, 0, 0, 0}), (Identities{0, 2}));  // the first is too short
}

TEST_F(AcpiTest, There_is_room_for_eight) {
  std::vector<std::uint8_t> entries;
  for (std::uint8_t i = 0; i < 12; ++i) entries.insert(entries.end(), {0, 8, i, i, 1, 0, 0, 0});
  EXPECT_EQ(cpus_of(entries), (Identities{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST_F(AcpiTest, What_does_not_add_up_is_not_there) {
  const std::uint64_t madt = put_madt(four_cpus);
  const std::uint64_t rsdt = put_root_table<std::uint32_t>("RSDT", {static_cast<std::uint32_t>(madt)});
  const std::uint64_t root = put_root(0, rsdt, 0);
  for (const auto& [at, found] : Places{{madt + 40, 1}, {rsdt + 30, 0}, {root + 9, 0}, {root, 0}}) {
    firmware_.change<std::uint8_t>(at, 1);
    EXPECT_EQ(cpus(root), Identities{0}) << at;
    EXPECT_EQ(places_.size(), found == 1 ? 3U : at == rsdt + 30 ? 1U : 0U) << at;
    firmware_.change<std::uint8_t>(at, at == root ? 'R' : at == root + 9 ? 'O' : 0);
    ASSERT_EQ(cpus(root), (Identities{0, 1, 2, 3}));
  }
}

TEST_F(AcpiTest, Shows_where_the_children_lie) {
  const std::uint64_t dsdt = put_table("DSDT", {1, 2, 3});
  const std::uint64_t facs = put_table("FACS", {1});
  std::vector<std::uint8_t> content(112);
  std::memcpy(content.data(), &facs, 4);
  std::memcpy(content.data() + 4, &dsdt, 4);
  std::memcpy(content.data() + 104, &dsdt, 8);
  const std::uint64_t fadt = put_table("FACP", content);
  cpus(put_root(0, put_root_table<std::uint32_t>("RSDT", {static_cast<std::uint32_t>(fadt)}), 0));
  ASSERT_EQ(places_.size(), 6U);
  EXPECT_EQ((Places{places_.begin() + 2, places_.end()}), (Places{{fadt, 148}, {facs, 37}, {dsdt, 39}, {dsdt, 39}}));
}

TEST_F(AcpiTest, Nothing_is_read_outside) {
  const std::uint64_t madt = put_madt(four_cpus);
  const std::uint64_t rsdt =
      put_root_table<std::uint32_t>("RSDT", {static_cast<std::uint32_t>(madt), 0, 0xffffffff, 1});
  const std::uint64_t root = put_root(0, rsdt, 0);
  EXPECT_EQ(cpus(root), (Identities{0, 1, 2, 3}));
  EXPECT_EQ(cpus(0), Identities{0});
  EXPECT_EQ(cpus(~std::uint64_t{0}), Identities{0});
  EXPECT_EQ(cpus(root + 1), Identities{0});
  firmware_.change<std::uint32_t>(madt + 4, 0xffffffff);
  EXPECT_EQ(cpus(root), Identities{0});
  firmware_.change<std::uint32_t>(rsdt + 4, 35);
  EXPECT_EQ(cpus(root), Identities{0});
  firmware_.cut(root + 19);
  EXPECT_EQ(cpus(root), Identities{0});
}

}  // namespace
}  // namespace bareheap::x86_64
