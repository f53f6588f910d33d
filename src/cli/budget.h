// How long a network may train: whole epochs of as many batches as fit into a time.
#pragma once
#include <algorithm>
#include <cstdint>

namespace fovea::cli {

struct Budget {
  int64_t epochs, batches;  // of each epoch
  int64_t steps() const { return epochs * batches; }
};
/// `steps` steps where an epoch has `all` batches, in at most `most_epochs`.
inline Budget budget_of(int64_t steps, int64_t all, int64_t most_epochs) {
  const int64_t epochs = std::clamp<int64_t>((steps + all - 1) / all, 1, most_epochs);
  return {epochs, std::min(all, std::max<int64_t>(1, steps / epochs))};
}

}  // namespace fovea::cli
