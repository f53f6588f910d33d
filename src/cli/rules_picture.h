// One picture of rules against a learned network.
#pragma once
#include <string>
#include <vector>

#include "fovea/image.h"

namespace fovea::cli {

/// What somebody sees of an example, and what that makes of it.
struct View {
  Tensor rgb;  // u8 (h,w,3)
  std::string caption;
  bool right = true;  // else the caption is red
};
/// The views, a row for each example, below the names of their columns; then the bars, an RGB picture.
image::Image draw_rules(const std::string& title, const std::string& subtitle,
                        const std::vector<std::string>& columns, const std::vector<std::vector<View>>& rows,
                        const image::Image& bars);

}  // namespace fovea::cli
