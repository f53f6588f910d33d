// Strips of handwritten digits: what a network that reads strings can learn from.
#include <algorithm>

#include "fovea/data.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

constexpr int64_t side = 28, height = 32, most_digits = 64;
constexpr int64_t overlap = 8, widest_gap = 4;  // of neighbours' squares, which have margins of 4 and more
constexpr int64_t strips_to_learn = 20'000, strips_to_measure = 2'000;

struct Placed {
  int64_t digit, x, y;  // an example of the digits, and where its square's corner is
};

class DigitStrings : public Dataset {
 public:
  DigitStrings(std::shared_ptr<Dataset> digits, int64_t shortest, int64_t longest, uint64_t seed)
      : digits_(std::move(digits)), shortest_(shortest), seed_(seed) {
    name_ = shortest == longest ? fmt::format("digits:{}", longest)
                                : fmt::format("digits:{}-{}", shortest, longest);
    split_ = digits_->split(), task_ = Task::transcribe, classes_ = digits_->classes();
    longest_ = longest;
    shape_ = {1, height, longest * (side + widest_gap)};
  }

  int64_t size() const override { return split_ == Split::train ? strips_to_learn : strips_to_measure; }
  int64_t label(int64_t) const override { return 0; }
  std::vector<int64_t> string(int64_t index) const override {
    std::vector<int64_t> all;
    for (const Placed& p : plan(index)) all.push_back(digits_->label(p.digit));
    return all;
  }
  void read(int64_t index, const Tensor& row) const override {
    row.fill(0);
    const Tensor digit = Tensor::empty({1, side, side}, u8);
    for (const Placed& p : plan(index)) {
      digits_->read(p.digit, digit);
      for (int64_t y = 0; y < side; ++y) {
        const uint8_t* from = digit.data<uint8_t>() + y * side;
        uint8_t* to = row.data<uint8_t>() + (p.y + y) * shape_[2] + p.x;
        std::transform(from, from + side, to, to, [](uint8_t a, uint8_t b) { return std::max(a, b); });
      }
    }
  }

 private:
  /// The same each time.
  std::vector<Placed> plan(int64_t index) const {
    Generator random(seed_, split_ == Split::train ? 0xd191 : 0xd197);
    random.seek(uint64_t(index) << 8);
    const auto below = [&](int64_t n) { return int64_t(random.below(uint64_t(n))); };
    std::vector<Placed> all(size_t(shortest_ + below(longest_ - shortest_ + 1)));
    int64_t x = below(widest_gap + 1);
    for (Placed& p : all) {
      p = {below(digits_->size()), x, below(height - side + 1)};
      x += side - overlap + below(overlap + widest_gap + 1);
    }
    return all;
  }

  std::shared_ptr<Dataset> digits_;
  int64_t shortest_;
  uint64_t seed_;
};

}  // namespace

std::shared_ptr<Dataset> make_digit_strings(int64_t shortest, int64_t longest, Split split, uint64_t seed) {
  check(shortest >= 1 && longest >= shortest && longest <= most_digits,
        "digits:{}-{}: a strip has 1 to {} digits, the fewest first", shortest, longest, most_digits);
  return std::make_shared<DigitStrings>(open_dataset("mnist", split), shortest, longest, seed);
}

}  // namespace fovea::data
