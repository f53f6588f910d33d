#include "train/energy_pictures.h"

#include <cmath>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/plot.h"

namespace fovea::train {
namespace {

constexpr int64_t across = 10, most = 100;  // pictures
constexpr int64_t width = 640;              // pixels, about
constexpr int64_t steps_shown[] = {1,  1,  3,   5,   10,
                                   30, 50, 100, 300, 500};  // 1, 2, 5, 10, 20, 50 .. 1000 in all
constexpr int64_t steps_from_noise = 1000;

/// (N, ...) with at most `count` examples.
Tensor first(const Tensor& x, int64_t count) { return x.narrow(0, 0, std::min(count, x.size(0))); }

}  // namespace

std::vector<std::string> energy_columns() {
  return {"epoch",
          "layer",
          "seconds",
          "lr",
          "momentum",
          "train/reconstruction",
          "val/reconstruction",
          "val/pseudo_likelihood",
          "train/free_energy",
          "val/free_energy",
          "data_wait"};
}

void draw_energy_curves(const std::string& folder, const std::vector<std::vector<double>>& rows,
                        const std::string& title) {
  if (rows.empty()) return;
  std::vector<image::Series> series;
  const auto layers = int(rows.back()[1]);
  const auto add = [&](const char* name, const char* axis, const auto& value) {
    for (int i = 1; i <= layers; ++i) {
      image::Series s{layers > 1 ? fmt::format("rbm{} {}", i, name) : name, {}, {}, axis};
      for (const auto& row : rows)
        if (int(row[1]) == i && !std::isnan(value(row))) s.x.push_back(row[0]), s.y.push_back(value(row));
      if (!s.x.empty()) series.push_back(std::move(s));
    }
  };
  const auto column = [](size_t i) { return [i](const std::vector<double>& row) { return row[i]; }; };
  add("train", "reconstruction error", column(5));
  add("val", "reconstruction error", column(6));
  add("val", "pseudo-likelihood", column(7));
  add("val - train", "free energy", [](const std::vector<double>& row) { return row[9] - row[8]; });
  image::plot_curves(folder + "/curves.png", title, "epoch", series);
}

EnergyPictures::EnergyPictures(std::string folder, const EnergyLayers& layers, const ModelCard& card)
    : folder_(std::move(folder)), layers_(layers), input_(card.input), normalization_(card.normalization) {}

/// `pictures` (N,C,H,W): 0 is black, 1 white.
void EnergyPictures::write(const std::string& name, const Tensor& pictures, int64_t columns) const {
  const int64_t shown = pictures.size(1) == 3 ? 3 : 1, side = pictures.size(3);
  const Tensor last = permute(slice(pictures.to(f32), 1, 0, shown), {0, 2, 3, 1}).contiguous();
  const Tensor flat = image::to_u8(last.reshape({-1, side, shown}));
  image::write(folder_ + "/" + name,
               image::Image(image::tiles(flat.reshape(last.shape()), columns,
                                         std::max<int64_t>(1, width / (columns * (side + 1))))));
}

/// Visible units of a layer as numbers of pixels (N,C,H,W).
Tensor EnergyPictures::seen(const Tensor& visible, int layer) const {
  Dims shape = input_;
  shape.insert(0, visible.size(0));
  const Tensor v = layers_.down(visible, layer).reshape(shape);
  const auto per_channel = [&](const std::vector<float>& values) {
    return Tensor::of<float>(values, {1, int64_t(values.size()), 1, 1}).to(v.dtype());
  };
  return v * per_channel(normalization_.std) + per_channel(normalization_.mean);
}

void EnergyPictures::filters(int layer) const {
  const NoGrad guard;
  Tensor w = layers_[layer].parameters()[0].detach();
  for (int i = layer - 1; i >= 0; --i) w = matmul(first(w, most), layers_[i].parameters()[0].detach());
  w = first(w, most);
  if (w.rank() == 2) w = w.contiguous().reshape({w.size(0), input_[0], input_[1], input_[2]});
  const double largest = std::max(max(abs(w)).item(), 1e-12);
  write(layer == 0 ? "filters.png" : fmt::format("filters{}.png", layer + 1), w * (0.5 / largest) + 0.5,
        across);
}

void EnergyPictures::reconstructions(int layer, const Tensor& v) const {
  const NoGrad guard;
  const Tensor examples = first(v, most / 2), bottom = layers_[0].checked(examples),
               made = layers_[layer].reconstruct(layers_.up(examples, layer));
  const Tensor a = seen(bottom, 0), b = seen(made, layer);
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < a.size(0); i += across)
    for (const Tensor& side : {a, b}) rows.push_back(side.narrow(0, i, std::min(across, a.size(0) - i)));
  write("reconstructions.png", concat(rows, 0), std::min(across, a.size(0)));
}

void EnergyPictures::samples(int layer, const Tensor& chains) const {
  const NoGrad guard;
  const rbm::EnergyModel& model = layers_[layer];
  const Tensor v =
      chains ? model.visible_mean(first(chains, most)) : rbm::sample(model, most, steps_from_noise);
  write("samples.png", seen(v, layer), across);
}

void EnergyPictures::fantasies(int layer, const Tensor& v) const {
  const NoGrad guard;
  const rbm::EnergyModel& model = layers_[layer];
  const Tensor examples = first(v, across);
  std::vector<Tensor> columns{seen(layers_[0].checked(examples), 0)};
  Tensor now = model.checked(layers_.up(examples, layer));
  for (const int64_t steps : steps_shown) {
    now = rbm::run_chain(model, now, steps - 1);
    const Tensor h = model.sample_hidden(now);
    columns.push_back(seen(model.visible_mean(h), layer));
    now = model.sample_visible(h);
  }
  const auto n = int64_t(columns.size());
  Dims shape = columns[0].shape();
  shape[0] *= n;
  const Tensor grid = permute(stack(columns, 0), {1, 0, 2, 3, 4}).contiguous().reshape(shape);
  write("fantasies.png", grid, n);
}

}  // namespace fovea::train
