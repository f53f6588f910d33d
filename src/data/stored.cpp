#include "data/stored.h"

namespace fovea::data {

image::Image stored_picture(const Dataset& set, int64_t index) {
  if (set.has_pictures()) return image::Image(set.picture(index));
  const Tensor example = set.example(index).image;
  if (example.rank() != 3) return image::Image(example.reshape({1, example.numel(), 1}));
  return image::Image(example.permute({1, 2, 0}).contiguous());
}

}  // namespace fovea::data
