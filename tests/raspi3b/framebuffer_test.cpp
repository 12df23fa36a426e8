// SPDX-License-Identifier: MIT
// S1-08: the message that asks for the screen, and what is made of the answer.
#include "ports/raspi3b/framebuffer.hpp"

#include "bareheap/core/bits.hpp"
#include "raspi3b/fake_platform.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace bareheap::raspi3b {
namespace {

using Message = std::array<std::uint32_t, 35>;

constexpr Message request = {140,     0,                // bytes, request
                             0x48003, 8, 0, 1024, 768,  // physical size
                             0x48004, 8, 0, 1024, 768,  // virtual size
                             0x48009, 8, 0, 0,    0,    // virtual offset
                             0x48005, 4, 0, 32,         // depth
                             0x48006, 4, 0, 1,          // order: red first
                             0x40001, 8, 0, 4096, 0,    // buffer
                             0x40008, 4, 0, 0,          // pitch
                             0};

class FramebufferTest : public testing::Test {
 protected:
  void SetUp() override {
    FakePlatform::reset();
    FakePlatform::gpu = [this] {
      seen_ = message_;
      message_[1] = 0x80000000;
      message_[28] = 0x3c100000;
      message_[29] = 0x300000;
      message_[33] = 0x1000;
      change_();
    };
  }

  /// Asks, with the answer of QEMU changed in one way.
  std::optional<Framebuffer> open(std::function<void()> change = [] {}) {
    change_ = std::move(change);
    return open_framebuffer<FakePlatform>(message_);
  }

  alignas(cache_line_size) Message message_{};
  Message seen_{};
  std::function<void()> change_;
};

TEST_F(FramebufferTest, S1_08_request_word_for_word) {
  EXPECT_TRUE(open());
  EXPECT_EQ(seen_, request);
}

TEST_F(FramebufferTest, S1_08_uses_the_answer) {
  const std::optional<Framebuffer> screen = open([this] {
    message_[5] = 800;
    message_[6] = 600;
    message_[24] = 0;
    message_[28] |= 0xc0000000;  // a bus address
  });
  ASSERT_TRUE(screen);
  EXPECT_EQ(address_of(screen->pixels), 0x3c100000U);
  EXPECT_EQ(screen->width, 800U);
  EXPECT_EQ(screen->height, 600U);
  EXPECT_EQ(screen->pitch, 4096U);
  EXPECT_EQ(screen->order, PixelOrder::blue_first);
  EXPECT_EQ(address_of(screen->row(2)), 0x3c102000U);
}

TEST_F(FramebufferTest, S1_08_refuses_another_depth_and_no_buffer) {
  EXPECT_FALSE(open([this] { message_[20] = 16; }));
  EXPECT_FALSE(open([this] { message_[28] = 0; }));
  EXPECT_FALSE(open([this] { message_[28] = 0x40000000; })) << "a bus address of 0";
  EXPECT_FALSE(open([this] { message_[1] = 0x80000001; }));
}

TEST_F(FramebufferTest, Refuses_a_buffer_that_is_not_whole_in_uncached_memory) {
  EXPECT_FALSE(open([this] { message_[28] = 4096; })) << "the alignment, where the tag was not answered";
  EXPECT_FALSE(open([this] { message_[28] = 0x3bfff000; }));
  EXPECT_TRUE(open([this] { message_[28] = 0x3f000000 - 0x300000; }));
  EXPECT_FALSE(open([this] { message_[28] = 0x3f000000 - 0x2ff000; }));
}

TEST_F(FramebufferTest, Refuses_rows_that_do_not_fit) {
  EXPECT_FALSE(open([this] { message_[33] = 4095; }));
  EXPECT_FALSE(open([this] { message_[29] = 0x2fffff; }));
  EXPECT_FALSE(open([this] { message_[6] = 0xffffffff; }));
}

TEST_F(FramebufferTest, A_message_of_another_length_is_not_sent) {
  FramebufferAnswers answers;
  std::array<std::uint32_t, 40> memory{};
  for (std::size_t words = 0; words < memory.size(); ++words) {
    const bool written = write_framebuffer_request(std::span(memory).first(words), 1024, 768, answers);
    EXPECT_EQ(written, words == framebuffer_message_words) << words;
  }
}

}  // namespace
}  // namespace bareheap::raspi3b
