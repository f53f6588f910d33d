// Classes over a plane, for what has two inputs.
#pragma once
#include <functional>

#include "cli/keys.h"
#include "fovea/data.h"
#include "fovea/plot.h"

namespace fovea::cli {

/// The examples of a set as rows f32 (N, numbers of one example), and their classes.
struct Table {
  Tensor x;
  std::vector<int64_t> labels;
};
Table table_of(const data::Dataset& set, int64_t most);

/// Classes, i64 (N), of points f32 (N, 2).
using Classify = std::function<Tensor(const Tensor& points)>;

/// What `classify` says all around the examples, of which there are two numbers each.
image::Regions regions_of(const Table& table, const Classify& classify, int64_t columns, int64_t rows);

/// Prints the plane as text, and writes it as a picture if `out` is a path.
void show_plane(const Table& table, const Classify& classify, const std::string& title,
                const std::string& out);

}  // namespace fovea::cli
