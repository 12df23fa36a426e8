# SPDX-License-Identifier: MIT
# A market of buyers and sellers with an order book, as a script inside a device would be.
#
#     mruby market.rb ROUNDS

# Collect early and in long steps, as one does where memory is short.
GC.interval_ratio = 105
GC.step_ratio = 400

class Source
  def initialize(seed)
    @state = seed
  end

  def below(limit)
    @state = (@state * 1103515245 + 12345) & 0x7fffffff
    (@state >> 8) % limit
  end
end

class Order
  attr_reader :who, :price, :note
  attr_accessor :count

  def initialize(who, price, count, note)
    @who, @price, @count, @note = who, price, count, note
  end

  def to_s
    "#{@who}: #{@count} at #{@price / 100}.#{@price % 100} (#{@note})"
  end
end

class Book
  def initialize
    @bids = []
    @asks = []
    @trades = Hash.new { |hash, key| hash[key] = [] }
  end

  def add(order, buys)
    (buys ? @bids : @asks) << order
    @bids.sort! { |a, b| b.price <=> a.price }
    @asks.sort! { |a, b| a.price <=> b.price }
    match
  end

  def match
    until @bids.empty? || @asks.empty? || @bids[0].price < @asks[0].price
      count = [@bids[0].count, @asks[0].count].min
      @trades[@bids[0].who] << [@asks[0].who, count, @asks[0].price]
      [@bids, @asks].each do |side|
        side[0].count -= count
        side.shift if side[0].count == 0
      end
    end
    @bids.pop if @bids.size > 15
    @asks.pop if @asks.size > 15
  end

  def report
    lines = @trades.map do |who, list|
      sum = list.map { |trade| trade[1] }.inject(0) { |a, b| a + b }
      "#{who} #{list.size} #{sum}"
    end
    @trades.clear
    (lines.sort + @bids[0, 3].map { |order| order.to_s }).join("\n")
  end
end

source = Source.new(7)
book = Book.new
names = (0...12).map { |index| "trader#{index}" }
ARGV[0].to_i.times do |round|
  note = "round " + round.to_s * (1 + source.below(4))
  order = Order.new(names[source.below(12)], 900 + source.below(200), 1 + source.below(50), note)
  book.add(order, source.below(2) == 0)
  puts book.report if round % 20 == 19
end
