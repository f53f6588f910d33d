#include "fovea/transforms.h"

namespace fovea::data {
namespace {

// A stream of the generator apart from those of initialisers and of the loader's order.
constexpr uint64_t example_stream = uint64_t{0xD1} << 56;

}  // namespace

Dims Transform::output_shape(const Dims& input) const {
  check(input.size() == 3 && input.numel() > 0, "[{}] wants an image (C,H,W), not {}", name(), input);
  return input;
}

bool Transform::fold(functional::Resampling&, Generator&) const { return false; }

Generator Compose::generator(uint64_t seed, int64_t epoch, int64_t index, size_t step) {
  Generator random(seed, example_stream | uint64_t(epoch));
  random.seek(uint64_t(index) << 24 | step << 12);
  return random;
}

void Compose::apply(Sample& sample, uint64_t seed, int64_t epoch, int64_t index, size_t first) const {
  for (size_t s = first; s < steps_.size(); ++s) {
    Generator random = generator(seed, epoch, index, s);
    steps_[s]->apply(sample, random);
  }
}

Dims Compose::output_shape(Dims shape) const {
  for (const auto& step : steps_) shape = step->output_shape(shape);
  return shape;
}

std::optional<Dims> Compose::fixed_shape(int64_t channels) const {
  constexpr int64_t large = 1 << 14;
  try {
    const Dims shape = output_shape({channels, 1, 1});
    for (const Dims& other : {Dims{channels, large, large - 1}, Dims{channels, 3, large}})
      if (output_shape(other) != shape) return {};
    return shape;
  } catch (const Error&) {  // a step refuses images of some size
    return {};
  }
}

std::string Compose::describe() const {
  std::string out;
  for (const auto& step : steps_) out += (out.empty() ? "" : ", ") + step->describe();
  return out.empty() ? "none" : out;
}

}  // namespace fovea::data
