// SPDX-License-Identifier: MIT
// The time-stamp counter and the APIC's timer have another rate on every machine, and no register that tells it on
// every processor. The 8254's channel 2 counts at 1.193182 MHz, and its output can be read (port 0x61, bit 5).
#include "ports/x86_64/clock.hpp"

#include "ports/x86_64/io.hpp"
#include "ports/x86_64/local_apic.hpp"
#include "ports/x86_64/stop.hpp"

#include <algorithm>

namespace bareheap::x86_64 {

namespace {

constexpr std::uint16_t timer_command = 0x43;
constexpr std::uint16_t timer_channel_2 = 0x42;
constexpr std::uint16_t speaker = 0x61;

constexpr std::uint64_t timer_rate = 1'193'182;
constexpr std::uint16_t timer_count = 11'932;  // 10 ms
constexpr std::uint32_t all_of_counter = 0xffffffff;

/// Data sheet of the 8254: channel 2, both bytes of the count, mode 0: the output is low until the count is at its end.
void start_channel_2() noexcept {
  constexpr std::uint8_t one_shot = 0b1011'0000;
  constexpr std::uint8_t gate = 1U << 0;
  constexpr std::uint8_t sound = 1U << 1;
  Io::write(speaker, static_cast<std::uint8_t>((Io::read(speaker) & ~sound) | gate));
  Io::write(timer_command, one_shot);
  Io::write(timer_channel_2, timer_count & 0xff);
  Io::write(timer_channel_2, timer_count >> 8);
}

void wait_for_channel_2() noexcept {
  constexpr std::uint8_t output = 1U << 5;
  constexpr std::uint32_t patience = 10'000'000;  // reads; one takes more than 10 ns everywhere
  for (std::uint32_t i = 0; i < patience; ++i) {
    if ((Io::read(speaker) & output) != 0) return;
  }
  stop("the 8254 timer does not count, and there is no other to measure the processor's clock with");
}

/// Ticks that both clocks made in the 10 ms.
ClockRates measure_once() noexcept {
  LocalApic::write(Apic::timer_initial, all_of_counter);
  const std::uint32_t apic = LocalApic::read(Apic::timer_current);
  const std::uint64_t cycles = cycle_count();
  start_channel_2();
  wait_for_channel_2();
  return {cycle_count() - cycles, apic - LocalApic::read(Apic::timer_current)};
}

constexpr std::uint64_t a_second(std::uint64_t ticks) noexcept {
  constexpr std::uint64_t mega = 1'000'000;
  return std::max<std::uint64_t>((ticks * timer_rate / timer_count + mega / 2) / mega, 1) * mega;
}

}  // namespace

/// Whatever disturbs a measurement makes it longer: the shortest is the best.
ClockRates measure_clocks() noexcept {
  ClockRates best = measure_once();
  for (int i = 1; i < 5; ++i) {
    const ClockRates other = measure_once();
    best = {std::min(best.cycles, other.cycles), std::min(best.apic, other.apic)};
  }
  LocalApic::write(Apic::timer_initial, 0);
  return {a_second(best.cycles), a_second(best.apic)};
}

}  // namespace bareheap::x86_64
