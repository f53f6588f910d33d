#include "data/pipeline.h"

#include <numeric>

namespace fovea::data {
namespace {

// Streams of the generator, apart from each other and from the default stream of initialisers.
constexpr uint64_t order_stream = uint64_t{0xD0} << 56, example_stream = uint64_t{0xD1} << 56;

}  // namespace

Normalizer::Normalizer(const Dims& shape, DType dtype, const Normalization& normalization)
    : channels_(shape[0]), pixels_(shape.numel() / shape[0]) {
  const auto& [mean, std] = normalization;
  check(int64_t(mean.size()) == channels_ && mean.size() == std.size(),
        "normalisation has {} means and {} deviations but an example {} has {} channels", mean.size(),
        std.size(), shape, channels_);
  check(dtype == u8 || dtype == u16 || dtype == f32,
        "examples of {} cannot be normalised; u8, u16 and f32 can", name_of(dtype));
  const double largest = dtype == u8 ? 255 : dtype == u16 ? 65535 : 1;
  for (size_t c = 0; c < mean.size(); ++c) {
    check(std[c] > 0, "the deviation of channel {} is {}; it must be above 0", c, std[c]);
    scale_.push_back(float(1 / (largest * double(std[c]))));
    shift_.push_back(float(-double(mean[c]) / double(std[c])));
    if (dtype == u8)
      for (int v = 0; v < 256; ++v) table_.push_back(float((v / largest - double(mean[c])) / double(std[c])));
  }
}

void Normalizer::apply(const Tensor& row, float* out) const {
  const auto scaled = [&](const auto* in) {
    for (int64_t c = 0; c < channels_; ++c) {
      const float scale = scale_[size_t(c)], shift = shift_[size_t(c)];
      for (int64_t i = 0; i < pixels_; ++i) *out++ = float(*in++) * scale + shift;
    }
  };
  if (row.dtype() == u16) return scaled(row.data<uint16_t>());
  if (row.dtype() == f32) return scaled(row.data<float>());
  const uint8_t* in = row.data<uint8_t>();
  for (int64_t c = 0; c < channels_; ++c) {
    const float* table = table_.data() + c * 256;
    for (int64_t i = 0; i < pixels_; ++i) out[i] = table[in[i]];
    in += pixels_, out += pixels_;
  }
}

Pipeline::Pipeline(ExampleReader& reader, const Compose& transforms, const Normalization& normalization,
                   uint64_t seed)
    : reader_(reader),
      transforms_(transforms),
      seed_(seed),
      normalizer_(transforms.output_shape(reader.dataset().example_shape()), reader.dataset().dtype(),
                  normalization) {
  Dims shape = reader.dataset().example_shape();
  stages_.push_back(Tensor::empty(shape, reader.dataset().dtype()));
  for (const auto& step : transforms_.steps()) {
    shape = step->output_shape(shape);
    stages_.push_back(Tensor::empty(shape, reader.dataset().dtype()));
  }
}

int64_t Pipeline::run(int64_t epoch, int64_t index, float* out) {
  const int64_t label = reader_.read(index, stages_[0]);
  Generator random(seed_, example_stream | uint64_t(epoch));
  for (size_t s = 0; s < transforms_.steps().size(); ++s) {
    random.seek(uint64_t(index) << 24 | s << 12);  // every step has numbers of its own
    transforms_.steps()[s]->apply(stages_[s], stages_[s + 1], random);
  }
  normalizer_.apply(stages_.back(), out);
  return label;
}

std::vector<int64_t> epoch_order(int64_t n, bool shuffle, uint64_t seed, int64_t epoch) {
  std::vector<int64_t> order(size_t(n), 0);
  std::iota(order.begin(), order.end(), int64_t{0});
  if (!shuffle) return order;
  Generator random(seed, order_stream | uint64_t(epoch));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace fovea::data
