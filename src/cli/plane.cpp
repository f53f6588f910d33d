#include "cli/plane.h"

#include <fmt/format.h>

#include <algorithm>

namespace fovea::cli {

Table table_of(const data::Dataset& set, int64_t most) {
  const int64_t n = std::min(set.size(), most), width = set.example_shape().numel();
  Table table{Tensor::empty({n, width}), {}};
  for (int64_t i = 0; i < n; ++i) {
    const data::Example e = set.example(i);
    table.x.narrow(0, i, 1).copy_from(e.image.to(f32).contiguous().reshape({1, width}));
    table.labels.push_back(e.label);
  }
  return table;
}

image::Regions regions_of(const Table& table, const Classify& classify, int64_t columns, int64_t rows) {
  check(table.x.size(1) == 2, "a plane has two inputs, but an example of this data has {} numbers",
        table.x.size(1));
  double low[2]{INFINITY, INFINITY}, high[2]{-INFINITY, -INFINITY};
  for (int64_t i = 0; i < table.x.size(0); ++i)
    for (int k = 0; k < 2; ++k) {
      const double v = table.x.at<float>({i, k});
      low[k] = std::min(low[k], v), high[k] = std::max(high[k], v);
    }
  for (int k = 0; k < 2; ++k) {
    const double margin = high[k] > low[k] ? 0.25 * (high[k] - low[k]) : 1;
    low[k] -= margin, high[k] += margin;
  }
  const Tensor cells = Tensor::empty({rows * columns, 2});
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      cells.at<float>({r * columns + c, 0}) =
          float(low[0] + (high[0] - low[0]) * (double(c) + 0.5) / double(columns));
      cells.at<float>({r * columns + c, 1}) =
          float(high[1] - (high[1] - low[1]) * (double(r) + 0.5) / double(rows));
    }
  return {low[0],          high[0],     low[1], high[1], classify(cells).reshape({rows, columns}),
          table.x.to(f64), table.labels};
}

void show_plane(const Table& table, const Classify& classify, const std::string& title,
                const std::string& out) {
  fmt::print("{}", image::text_regions(regions_of(table, classify, 60, 24)));
  if (out.empty()) return;
  image::plot_regions(out, title, regions_of(table, classify, 280, 280));
  fmt::print("wrote {}\n", out);
}

}  // namespace fovea::cli
