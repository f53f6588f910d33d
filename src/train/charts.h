// The pictures of a run.
#pragma once
#include <string>
#include <vector>

#include "fovea/image.h"
#include "fovea/metrics.h"

namespace fovea::train {

/// The columns of results.csv.
std::vector<std::string> result_columns(data::Task task);
/// Loss and score over epochs. *Requires* rows.
image::Image curves_of(const std::vector<std::vector<double>>& rows, const std::string& title,
                       data::Task task);
/// curves.png. Nothing without rows.
void draw_curves(const std::string& folder, const std::vector<std::vector<double>>& rows,
                 const std::string& title, data::Task task);
/// The counts, i64 (classes, classes).
Tensor counts_of(const ConfusionMatrix& matrix);
/// confusion.png
void draw_confusion(const std::string& folder, const ConfusionMatrix& matrix,
                    const std::vector<std::string>& classes);

}  // namespace fovea::train
