// Units and currencies: numbers that a constant turns into others, the smallest thing there is to learn.
#include <fmt/format.h>

#include "fovea/data.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

struct Kind {
  const char *name, *from, *to;
  double factor;
};
constexpr Kind kinds[] = {{"miles", "miles", "kilometers", 1.609344},
                          {"kilometers", "kilometers", "miles", 1 / 1.609344},
                          {"dollars", "dollars", "shekels", 3.2}};  // about the rate of autumn 2021

/// Amounts of 1 to 10, whole ones first.
class Conversion : public Dataset {
 public:
  Conversion(const Kind& kind, int64_t count, Split split, uint64_t seed) : factor_(kind.factor) {
    Generator random(seed, split == Split::train ? 0x5ca1 : 0xe57);
    for (int64_t i = 0; i < count; ++i) amounts_.push_back(i < 10 ? float(10 - i) : 1 + 9 * random.uniform());
    name_ = kind.name, split_ = split, shape_ = {1}, dtype_ = f32, task_ = Task::regress;
    classes_ = {kind.to}, normalization_ = Normalization{{0}, {1}};
  }
  int64_t size() const override { return int64_t(amounts_.size()); }
  int64_t label(int64_t) const override { return 0; }
  void target(int64_t index, std::span<float> out) const override {
    out[0] = float(factor_ * double(amounts_[size_t(index)]));
  }
  void read(int64_t index, const Tensor& row) const override { *row.data<float>() = amounts_[size_t(index)]; }

 private:
  std::vector<float> amounts_;
  double factor_;
};

}  // namespace

std::vector<std::string> conversion_names() {
  std::vector<std::string> names;
  for (const Kind& k : kinds) names.emplace_back(k.name);
  return names;
}

std::shared_ptr<Dataset> make_conversion(const std::string& name, int64_t count, Split split, uint64_t seed) {
  check(count >= 1 && count <= 100'000'000, "{} wants 1 to 100,000,000 examples, not {}", name, count);
  for (const Kind& k : kinds)
    if (name == k.name) return std::make_shared<Conversion>(k, count, split, seed);
  fail("{} is no conversion; there are {}", name, fmt::join(conversion_names(), ", "));
}

}  // namespace fovea::data
