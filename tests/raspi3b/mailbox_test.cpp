// SPDX-License-Identifier: MIT
// S1-03, and defect 2.1-16: the order in which memory, caches and mailbox are touched.
#include "ports/raspi3b/mailbox.hpp"

#include "bareheap/core/bits.hpp"
#include "raspi3b/fake_platform.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bareheap::raspi3b {
namespace {

using Steps = std::vector<std::string>;

class MailboxTest : public testing::Test {
 protected:
  void SetUp() override {
    FakePlatform::reset();
    memory_.fill(0);
    FakePlatform::gpu = [this] { memory_[1] = request_successful; };
  }

  std::span<std::uint32_t> message(std::size_t words) { return std::span(memory_).first(words); }

  alignas(cache_line_size) std::array<std::uint32_t, 64> memory_{};
};

TEST_F(MailboxTest, S1_03_first_word_is_the_size_in_bytes) {
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(35)));
  EXPECT_EQ(memory_[0], 140U);
}

TEST_F(MailboxTest, S1_03_a_reused_message_is_a_request_again) {
  memory_[1] = request_successful;
  std::uint32_t code_when_sent = 1;
  FakePlatform::gpu = [&] { code_when_sent = memory_[1]; };
  EXPECT_FALSE(mailbox_call<FakePlatform>(property_channel, message(9)));
  EXPECT_EQ(code_when_sent, process_request);
}

TEST_F(MailboxTest, S1_03_sends_the_address_and_the_channel) {
  const auto address = static_cast<std::uint32_t>(address_of(memory_.data()));
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(35)));
  EXPECT_EQ(FakePlatform::sent, (address & ~0xFU) + 8);
  EXPECT_TRUE(mailbox_call<FakePlatform>(1, message(35)));
  EXPECT_EQ(FakePlatform::sent, (address & ~0xFU) + 1);
}

TEST_F(MailboxTest, S1_03_true_only_for_the_one_code_of_success) {
  for (const std::uint32_t code : {0U, 1U, 0x80000001U, 0xffffffffU, 0x40000000U}) {
    FakePlatform::gpu = [&] { memory_[1] = code; };
    EXPECT_FALSE(mailbox_call<FakePlatform>(property_channel, message(35))) << code;
  }
  FakePlatform::gpu = [&] { memory_[1] = 0x80000000; };
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(35)));
}

TEST_F(MailboxTest, Defect_2_1_16_order_of_clean_barrier_device_barrier_invalidate) {
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(35)));
  EXPECT_EQ(FakePlatform::log, (Steps{"clean", "barrier", "poll write", "write", "poll read", "read", "barrier",
                                      "invalidate", "barrier"}));
}

TEST_F(MailboxTest, Defect_2_1_16_request_is_complete_when_it_is_cleaned) {
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(35)));
  ASSERT_EQ(FakePlatform::maintained.size(), 2U);
  for (const auto& [what, region] : FakePlatform::maintained) {
    EXPECT_EQ(region.start, reinterpret_cast<std::byte*>(memory_.data())) << what;
    EXPECT_EQ(region.size, 192U) << what << ": 140 bytes lie in three lines";
  }
}

TEST_F(MailboxTest, Defect_2_1_16_waits_while_mailbox_1_is_full) {
  FakePlatform::full_for = 3;
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(35)));
  EXPECT_EQ(FakePlatform::log, (Steps{"clean", "barrier", "poll write", "poll write", "poll write", "poll write",
                                      "write", "poll read", "read", "barrier", "invalidate", "barrier"}));
}

TEST_F(MailboxTest, Defect_2_1_16_waits_while_mailbox_0_is_empty) {
  FakePlatform::empty_for = 2;
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(35)));
  EXPECT_EQ(FakePlatform::log, (Steps{"clean", "barrier", "poll write", "write", "poll read", "poll read", "poll read",
                                      "read", "barrier", "invalidate", "barrier"}));
}

TEST_F(MailboxTest, An_answer_for_another_channel_is_skipped) {
  FakePlatform::earlier_answers = {0x12345670 + 1, 0x12345670 + 9};
  FakePlatform::empty_for = 1;
  EXPECT_TRUE(mailbox_call<FakePlatform>(property_channel, message(9)));
  EXPECT_EQ(FakePlatform::log,
            (Steps{"clean", "barrier", "poll write", "write", "poll read", "poll read", "read", "poll read",
                   "poll read", "read", "poll read", "poll read", "read", "barrier", "invalidate", "barrier"}));
}

TEST_F(MailboxTest, A_message_that_shares_its_first_line_is_refused_and_not_sent) {
  EXPECT_FALSE(mailbox_call<FakePlatform>(property_channel, std::span(memory_).subspan(4, 9)));
  EXPECT_FALSE(mailbox_call<FakePlatform>(property_channel, message(1)));
  EXPECT_FALSE(mailbox_call<FakePlatform>(property_channel, {}));
  EXPECT_EQ(FakePlatform::log, Steps{});
  EXPECT_EQ(memory_[0], 0U);
}

}  // namespace
}  // namespace bareheap::raspi3b
