#include "data/pipeline.h"

#include <algorithm>
#include <exception>
#include <numeric>

#include "data/planes.h"

namespace fovea::data {
namespace {

// A stream of the generator apart from those of transforms (Compose::generator) and initialisers.
constexpr uint64_t order_stream = uint64_t{0xD0} << 56;

/// A picture is decoded at half the size (a quarter ...) if so many of those pixels still make one. What is
/// lost then: docs/pipeline.md.
constexpr double least_step = 3;

int64_t shrink_for(const functional::Resampling& pass) {
  const double step = std::min(double(pass.height) / double(pass.scaled_height),
                               double(pass.width) / double(pass.scaled_width));
  int64_t shrink = 1;
  while (shrink < 8 && double(2 * shrink) * least_step <= step) shrink *= 2;
  return shrink;
}

/// All that `pass` reads.
image::Box needed_by(const functional::Resampling& pass) {
  using functional::needed;
  const auto rows = needed(pass.top, pass.height, pass.scaled_height, pass.out_top, pass.out_height),
             columns = needed(pass.left, pass.width, pass.scaled_width, pass.out_left, pass.out_width);
  return {rows.first, columns.first, rows.last - rows.first, columns.last - columns.first};
}

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
                   const Dims& shape, bool pictures, uint64_t seed)
    : reader_(reader),
      transforms_(transforms),
      shape_(shape),
      seed_(seed),
      pictures_(pictures),
      normalizer_(shape, reader.dataset().dtype(), normalization) {
  if (!pictures) example_ = Tensor::empty(reader.dataset().example_shape(), reader.dataset().dtype());
}

int64_t Pipeline::run(int64_t epoch, int64_t index, float* out) {
  if (!pictures_) {
    Sample sample{.image = example_};
    const int64_t number = reader_.read(index, example_);
    sample.label = reader_.dataset().label(number);
    finish(sample, epoch, index, 0, out);
    return number;
  }
  return run_picture(epoch, index, out);
}

void Pipeline::run_masked(int64_t epoch, int64_t index, float* out, int64_t* classes) {
  Sample sample;
  int64_t number;
  if (pictures_) {
    Picture picture;
    const auto whole = [](int64_t height, int64_t width) { return Wanted{{0, 0, height, width}}; };
    number = reader_.read_picture(index, decoder_, whole, picture);
    sample.image = planes_of_table(picture.window({0, 0, picture.height, picture.width}));
  } else {
    number = reader_.read(index, example_);
    sample.image = example_;
  }
  const Tensor mask = reader_.dataset().mask(number);
  sample.masks =
      functional::resize(mask.reshape({1, mask.size(0), mask.size(1)}), sample.image.size(1),
                         sample.image.size(2), Filter::nearest);  // a cached picture may be smaller
  finish(sample, epoch, index, 0, out);
  const Tensor changed = sample.masks.contiguous();
  std::copy_n(changed.data<uint8_t>(), changed.numel(), classes);
}

int64_t Pipeline::run_picture(int64_t epoch, int64_t index, float* out) {
  functional::Resampling pass;
  size_t folded = 0;
  std::exception_ptr refused;  // by a step; no fault of the file
  const PictureDecoder::Choose choose = [&](int64_t height, int64_t width) -> Wanted {
    const image::Box whole{0, 0, height, width};
    pass = {.height = height, .width = width};
    try {
      folded = fold(pass, epoch, index);
    } catch (const Error&) {
      refused = std::current_exception();
      return {whole};
    }
    if (folded == 0) return {whole};
    const int64_t shrink = shrink_for(pass);
    if (folded < transforms_.steps().size() && shrink == 1)
      return {{pass.top, pass.left, pass.height, pass.width}};
    return {needed_by(pass), shrink};
  };
  Picture picture;
  const int64_t number = reader_.read_picture(index, decoder_, choose, picture);
  if (refused) std::rethrow_exception(refused);
  if (folded == transforms_.steps().size()) {
    resampler_.run(out, picture.table, picture.place, pass, normalizer_.scale(), normalizer_.shift());
    return number;
  }
  Sample sample{.image = resampled(picture, pass), .label = reader_.dataset().label(number)};
  finish(sample, epoch, index, folded, out);
  return number;
}

/// The resampling as planes of the picture's own type: what the steps of `pass` make one by one, on the table
/// of pixels, where it is quicker.
Tensor Pipeline::resampled(const Picture& picture, const functional::Resampling& pass) {
  if (picture.place.shrink > 1) return resampled_at_once(picture, pass);
  Tensor x = image::resize(picture.window({pass.top, pass.left, pass.height, pass.width}), pass.scaled_height,
                           pass.scaled_width);
  if (pass.out_height != x.size(0) || pass.out_width != x.size(1))
    x = image::crop(x, pass.out_top, pass.out_left, pass.out_height, pass.out_width);
  return planes_of_table(pass.flip ? image::flip_horizontal(x) : x);
}

/// The same from a picture of u8 that was decoded smaller.
Tensor Pipeline::resampled_at_once(const Picture& picture, const functional::Resampling& pass) {
  const int64_t channels = picture.table.channels;
  const Tensor out = Tensor::empty({channels, pass.out_height, pass.out_width}, u8);
  std::vector<float> values(size_t(out.numel()));
  const std::vector<float> one(size_t(channels), 1.f), half(size_t(channels), 0.5f);
  resampler_.run(values.data(), picture.table, picture.place, pass, one, half);
  std::transform(values.begin(), values.end(), out.data<uint8_t>(), [](float v) { return uint8_t(v); });
  return out;
}

/// How many of the first steps are one resampling.
size_t Pipeline::fold(functional::Resampling& pass, int64_t epoch, int64_t index) const {
  pass.scaled_height = pass.out_height = pass.height;
  pass.scaled_width = pass.out_width = pass.width;
  size_t s = 0;
  for (; s < transforms_.steps().size(); ++s) {
    functional::Resampling next = pass;
    Generator random = Compose::generator(seed_, epoch, index, s);
    if (!transforms_.steps()[s]->fold(next, random)) break;
    pass = next;
  }
  return s;
}

/// The steps from `first` on, and normalisation.
void Pipeline::finish(Sample& sample, int64_t epoch, int64_t index, size_t first, float* out) const {
  transforms_.apply(sample, seed_, epoch, index, first);
  check(sample.image.shape() == shape_, "the transforms {} make {} of {} and not {}: add Resize or a crop",
        transforms_.describe(), sample.image.shape(), reader_.dataset().where(index), shape_);
  check(sample.image.dtype() == reader_.dataset().dtype(),
        "the transforms {} make {} of {}: Normalize comes last", transforms_.describe(),
        name_of(sample.image.dtype()), name_of(reader_.dataset().dtype()));
  normalizer_.apply(sample.image.contiguous(), out);
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
