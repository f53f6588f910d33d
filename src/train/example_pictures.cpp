#include "train/example_pictures.h"

#include "fovea/operators.h"

namespace fovea::train {
namespace {

constexpr int64_t width = 640;  // pixels, about

}  // namespace

Tensor first(const Tensor& x, int64_t count) { return x.narrow(0, 0, std::min(count, x.size(0))); }

Tensor ExamplePictures::pixels(const Tensor& examples) const {
  Dims shape = input_;
  shape.insert(0, examples.size(0));
  const Tensor x = examples.reshape(shape);
  const auto per_channel = [&](const std::vector<float>& values) {
    return Tensor::of<float>(values, {1, int64_t(values.size()), 1, 1}).to(x.dtype());
  };
  return x * per_channel(normalization_.std) + per_channel(normalization_.mean);
}

image::Image ExamplePictures::sheet(const Tensor& pixels, int64_t columns) {
  const int64_t shown = pixels.size(1) == 3 ? 3 : 1, side = pixels.size(3);
  const Tensor last = permute(slice(pixels.to(f32), 1, 0, shown), {0, 2, 3, 1}).contiguous();
  const Tensor flat = image::to_u8(last.reshape({-1, side, shown}));
  const int64_t scale = std::max<int64_t>(1, width / (columns * (side + 1)));
  return image::Image(image::tiles(flat.reshape(last.shape()), columns, scale));
}

void ExamplePictures::write(const std::string& name, const Tensor& pixels, int64_t columns) const {
  image::write(folder_ + "/" + name, sheet(pixels, columns));
}

image::Image ExamplePictures::below(const std::vector<Tensor>& sheets) {
  const int64_t n = sheets[0].size(0);
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < n; i += pictures_across)
    for (const Tensor& sheet : sheets) rows.push_back(sheet.narrow(0, i, std::min(pictures_across, n - i)));
  return sheet(concat(rows, 0), std::min(pictures_across, n));
}

void ExamplePictures::write_below(const std::string& name, const std::vector<Tensor>& sheets) const {
  image::write(folder_ + "/" + name, below(sheets));
}

void ExamplePictures::write_weights(const std::string& name, const Tensor& weights) const {
  Tensor w = first(weights, most_pictures);
  if (w.rank() == 2) w = w.contiguous().reshape({w.size(0), input_[0], input_[1], input_[2]});
  const double largest = std::max(max(abs(w)).item(), 1e-12);
  write(name, w * (0.5 / largest) + 0.5, pictures_across);
}

}  // namespace fovea::train
