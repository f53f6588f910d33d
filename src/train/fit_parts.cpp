#include "train/fit_parts.h"

#include <cmath>

#include "fovea/random.h"
#include "tensor/recorder.h"

namespace fovea::train {
namespace {

/// What turns a picture into the input that validation saw: its transforms, before them what made all
/// examples of the set one size.
std::string deployed_transforms(const data::Dataset& set, const data::Compose& transforms) {
  const Dims& shape = set.example_shape();
  if (shape.size() != 3) return "";
  if (set.has_pictures() && transforms.fixed_shape(shape[0])) return transforms.describe();
  const data::Size size{shape[1], shape[2]};
  // what is segmented is wanted whole
  const std::string fit =
      set.task() == data::Task::segment ? data::Resize(size).describe() : data::Cover(size).describe();
  return transforms.empty() ? fit : fit + ", " + transforms.describe();
}

}  // namespace

void seed_step(uint64_t seed, int64_t step) { default_generator() = Generator(seed, uint64_t(step) + 1); }

void refuse_non_finite(const Tensor& loss) {
  repeat([value = loss.detach()] {
    const double v = value.dtype() == f64 ? *value.data<double>() : *value.data<float>();
    if (!std::isfinite(v)) throw NonFiniteLoss{v};
  });
}

ModelCard card_of(const std::string& model, const std::string& data, const data::DataLoader& train,
                  const data::DataLoader* val) {
  const data::Dataset& set = train.dataset();
  const data::Compose& prepare = val ? val->options().transforms : set.transforms(false);
  return {.model = model,
          .data = data,
          .input = train.example_shape(),
          .transforms = deployed_transforms(set, prepare),
          .augment = train.options().transforms.describe(),
          .classes = set.classes(),
          .normalization = train.normalization(),
          .task = set.task(),
          .targets = train.targets(),
          .pictures = set.format()};
}

}  // namespace fovea::train
