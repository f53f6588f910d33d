// The pictures of a run.
#pragma once
#include <string>
#include <vector>

#include "fovea/metrics.h"

namespace fovea::train {

/// The columns of results.csv.
std::vector<std::string> result_columns(data::Task task);
/// curves.png: loss, top-1 and learning rate over epochs. Nothing without rows.
void draw_curves(const std::string& folder, const std::vector<std::vector<double>>& rows,
                 const std::string& title, data::Task task);
/// confusion.png
void draw_confusion(const std::string& folder, const ConfusionMatrix& matrix,
                    const std::vector<std::string>& classes);

}  // namespace fovea::train
