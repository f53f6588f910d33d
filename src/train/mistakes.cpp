#include <algorithm>
#include <cmath>

#include "data/stored.h"
#include "fovea/ops.h"
#include "fovea/report.h"

namespace fovea::train {

std::vector<Mistake> worst_mistakes(const Tensor& logits, const Tensor& labels, int64_t most) {
  check(logits.rank() == 2 && labels.rank() == 1 && labels.dtype() == i64 && logits.size(0) == labels.size(0),
        "mistakes want logits (N, classes) and labels i64 (N), not {} and {}", logits.describe(),
        labels.describe());
  const std::vector<double> log_p = log_softmax(logits.detach(), 1).to_vector<double>();
  const std::vector<int64_t> truths = labels.to_vector<int64_t>();
  const int64_t classes = logits.size(1);
  std::vector<Mistake> all;
  for (size_t i = 0; i < truths.size(); ++i) {
    const double* const row = log_p.data() + i * size_t(classes);
    const int64_t best = std::max_element(row, row + classes) - row;
    if (best != truths[i]) all.push_back({int64_t(i), truths[i], best, std::exp(row[best]), -row[truths[i]]});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Mistake& a, const Mistake& b) { return a.loss > b.loss; });
  all.resize(std::min(all.size(), size_t(std::max<int64_t>(most, 0))));
  return all;
}

Tensor mistakes_sheet(const data::DataLoader& loader, const std::vector<Mistake>& mistakes) {
  constexpr int64_t side = 480;
  const data::Dataset& set = loader.dataset();
  const std::vector<int64_t> order = loader.order(0);
  std::vector<image::Cell> cells;
  for (const Mistake& m : mistakes)
    cells.push_back(
        {image::shrink_to(image::render(data::stored_picture(set, order[size_t(m.example)])), side),
         fmt::format("{}, taken for {}: {:.0f}%", set.classes()[size_t(m.truth)],
                     set.classes()[size_t(m.predicted)], 100 * m.confidence)});
  return image::contact_sheet(cells);
}

}  // namespace fovea::train
