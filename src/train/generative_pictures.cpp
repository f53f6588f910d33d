#include "train/generative_pictures.h"

#include <cmath>
#include <numbers>

#include "fovea/autograd.h"
#include "fovea/operators.h"

namespace fovea::train {
namespace {

constexpr int64_t plane_side = 15;

/// x with P(normal number < x) = p.
double normal_quantile(double p) {
  double low = -9, high = 9;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::numbers::sqrt2) / 2 < p ? low : high) = middle;
  }
  return low;
}

}  // namespace

void GenerativePictures::draw(const Tensor& examples, const Tensor& input) const {
  if (!pictures_.drawable()) return;
  const NoGrad guard;
  if (model_.encodes()) {
    pictures_.write_below("reconstructions.png", reconstructions(examples, input));
    pictures_.write_weights("filters.png", model_.parameters()[0].detach());
  }
  if (model_.prior() > 0) pictures_.write("samples.png", samples(most_pictures), pictures_across);
  if (model_.prior() == 2) pictures_.write("plane.png", plane(), plane_side);
  else pictures_.write("walk.png", walk(examples), pictures_across);
}

std::vector<Tensor> GenerativePictures::reconstructions(const Tensor& examples, const Tensor& input) const {
  const int64_t count = most_pictures / 2;
  std::vector<Tensor> sheets{pictures_.pixels(first(examples, count))};
  if (input.ptr() != examples.ptr()) sheets.push_back(pictures_.pixels(first(input, count)));
  sheets.push_back(made(model_.encode(first(input, count))));
  return sheets;
}

/// Ten ways of ten steps: straight ones between examples, or, of draws, along a great circle, on which all
/// places are as likely as the ends.
Tensor GenerativePictures::walk(const Tensor& examples) const {
  const bool encodes = model_.encodes();
  const int64_t ways = std::min(pictures_across, encodes ? examples.size(0) / 2 : pictures_across);
  const Tensor ends = encodes ? model_.encode(first(examples, 2 * ways)) : model_.draw(2 * ways);
  const Tensor from = ends.narrow(0, 0, ways), to = ends.narrow(0, ways, ways);
  std::vector<Tensor> columns;
  for (int64_t i = 0; i < pictures_across; ++i) {
    const double t = double(i) / double(pictures_across - 1), angle = t * std::numbers::pi / 2;
    columns.push_back(
        made(encodes ? from * (1 - t) + to * t : from * std::cos(angle) + to * std::sin(angle)));
  }
  Dims shape = columns[0].shape();
  shape[0] *= pictures_across;
  return stack(columns, 1).reshape(shape);
}

/// A latent space of two dimensions at the quantiles of its prior (Kingma and Welling 2013, figure 4).
Tensor GenerativePictures::plane() const {
  std::vector<float> places;
  const auto at = [](int64_t i) { return float(normal_quantile((double(i) + 0.5) / plane_side)); };
  for (int64_t y = 0; y < plane_side; ++y)
    for (int64_t x = 0; x < plane_side; ++x) places.insert(places.end(), {at(x), at(plane_side - 1 - y)});
  const Tensor z = Tensor::of<float>(places, {plane_side * plane_side, 2});
  return made(z.to(model_.parameters()[0].dtype()));
}

}  // namespace fovea::train
