#include "train/energy_pictures.h"

#include <cmath>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/plot.h"

namespace fovea::train {
namespace {

constexpr int64_t steps_shown[] = {1,  1,  3,   5,   10,
                                   30, 50, 100, 300, 500};  // 1, 2, 5, 10, 20, 50 .. 1000 in all
constexpr int64_t steps_from_noise = 1000;

}  // namespace

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
    : pictures_(std::move(folder), card), layers_(layers) {}

/// Visible units of a layer as numbers of pixels (N,C,H,W).
Tensor EnergyPictures::seen(const Tensor& visible, int layer) const {
  return pictures_.pixels(layers_.down(visible, layer));
}

void EnergyPictures::filters(int layer) const {
  const NoGrad guard;
  Tensor w = layers_[layer].parameters()[0].detach();
  for (int i = layer - 1; i >= 0; --i)
    w = matmul(first(w, most_pictures), layers_[i].parameters()[0].detach());
  pictures_.write_weights(layer == 0 ? "filters.png" : fmt::format("filters{}.png", layer + 1), w);
}

void EnergyPictures::reconstructions(int layer, const Tensor& v) const {
  const NoGrad guard;
  const Tensor examples = first(v, most_pictures / 2), bottom = layers_[0].checked(examples),
               made = layers_[layer].reconstruct(layers_.up(examples, layer));
  pictures_.write_below("reconstructions.png", {seen(bottom, 0), seen(made, layer)});
}

void EnergyPictures::samples(int layer, const Tensor& chains) const {
  const NoGrad guard;
  const rbm::EnergyModel& model = layers_[layer];
  const Tensor v = chains ? model.visible_mean(first(chains, most_pictures))
                          : rbm::sample(model, most_pictures, steps_from_noise);
  pictures_.write("samples.png", seen(v, layer), pictures_across);
}

void EnergyPictures::fantasies(int layer, const Tensor& v) const {
  const NoGrad guard;
  const rbm::EnergyModel& model = layers_[layer];
  const Tensor examples = first(v, pictures_across);
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
  pictures_.write("fantasies.png", grid, n);
}

}  // namespace fovea::train
