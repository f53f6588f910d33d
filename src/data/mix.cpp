#include "data/mix.h"

#include "fovea/transforms/batch.h"

namespace fovea::data {
namespace {

constexpr uint64_t mix_stream = uint64_t{0xD6} << 56;

}  // namespace

Batch mixed(const Batch& batch, const LoaderOptions& o, int64_t classes, int64_t epoch, int64_t number) {
  Generator random(o.seed, mix_stream | uint64_t(epoch) << 32 | uint64_t(number));
  const bool cut = o.mixup == 0 || (o.cutmix > 0 && random.uniform() < 0.5f);
  const Tensor labels = soft_labels(batch.labels, classes);
  const SoftBatch soft =
      cut ? cutmix(batch.images, labels,
                   draw_cutmix(float(o.cutmix), batch.images.size(2), batch.images.size(3), random))
          : mixup(batch.images, labels, draw_mixup(float(o.mixup), random));
  return {soft.images, soft.labels};
}

void check_mix(const LoaderOptions& o, const Dataset& dataset) {
  check(o.mixup >= 0 && o.cutmix >= 0 && o.mixup <= 1000 && o.cutmix <= 1000,
        "mixup={} and cutmix={} are alphas of a Beta distribution, 0 to 1000", o.mixup, o.cutmix);
  if (o.mixup == 0 && o.cutmix == 0) return;
  check(dataset.task() == Task::classify && dataset.example_shape().size() == 3,
        "mixup and cutmix mix images of classes, but {} is for another task", dataset.describe());
}

}  // namespace fovea::data
