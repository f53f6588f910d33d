#include "cli/rules.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/parallel.h"
#include "fovea/features.h"
#include "fovea/image.h"

namespace fovea::cli {
namespace {

constexpr double edge_low = 80, edge_high = 160;  // of slopes of 8-bit pictures
constexpr int64_t edge_grid = 32;                 // cells of the edge map, at most, to a side
constexpr int64_t template_side = 32;             // pictures are made as small to be compared
constexpr int64_t margin_share = 20;              // of the side, around a template, for it to slide in

image::HogOptions hog_options(int64_t cell) { return {.cell = cell}; }

Tensor gray_of(const Tensor& picture) {
  return picture.size(2) == 1 ? picture : image::to_gray(picture, image::ColorModel::rgb);
}

Tensor small_gray(const Tensor& picture) { return image::shrink_to(gray_of(picture), template_side); }

/// The share of edge pixels in each cell of `side` x `side`.
Tensor edge_numbers(const Tensor& gray) {
  const Tensor edges = image::canny(gray, edge_low, edge_high);
  const int64_t h = edges.size(0), w = edges.size(1),
                side = std::max<int64_t>(2, (std::max(h, w) + edge_grid - 1) / edge_grid),
                columns = (w + side - 1) / side;
  const Tensor shares = zeros({(h + side - 1) / side * columns});
  for (int64_t i = 0; i < edges.numel(); ++i)
    if (edges.data<uint8_t>()[i])
      shares.data<float>()[i / w / side * columns + i % w / side] += 1 / float(side * side);
  return shares;
}

Tensor rgb_of(const Tensor& gray) { return image::render(image::Image(gray)); }

/// Their strongest lines, of pictures in which they are a quarter of the side long at least.
std::vector<image::HoughLine> lines_of(const Tensor& gray) {
  auto lines = image::hough_lines(image::canny(gray, edge_low, edge_high),
                                  {.threshold = std::max<int64_t>(3, gray.size(1) / 4)});
  constexpr size_t most = 4;
  lines.resize(std::min(lines.size(), most));
  return lines;
}

}  // namespace

Tensor picture_of(const data::Dataset& set, int64_t index) {
  const Tensor example = set.example(index).image.permute({1, 2, 0}).contiguous();
  const bool as_it_is = example.dtype() == u8 && (example.size(2) == 1 || example.size(2) == 3);
  return as_it_is ? example : image::render(image::Image(example));
}

const std::vector<std::string>& Rules::names() {
  static const std::vector<std::string> all{"edges", "hog", "templates"};
  return all;
}

Rules::Rules(const data::Dataset& train, int64_t cell) {
  check(train.task() == data::Task::classify, "rules are held against classes, {} is for {}", train.name(),
        name_of(train.task()));
  check(train.example_shape().size() == 3, "rules look at pictures, but {} has {} numbers an example",
        train.name(), train.example_shape().numel());
  const int64_t side = std::min(train.example_shape()[1], train.example_shape()[2]);
  cell_ = cell > 0 ? cell : std::max<int64_t>(4, (side + 4) / 8);
  image::hog(picture_of(train, 0), hog_options(cell_));  // pictures too small are refused before the work
  learn_templates(train);
}

void Rules::learn_templates(const data::Dataset& train) {
  const Tensor like = small_gray(picture_of(train, 0));
  const int64_t height = like.size(0), width = like.size(1),
                margin = std::max<int64_t>(1, std::min(height, width) / margin_share);
  std::vector<std::vector<double>> sums(train.classes().size(), std::vector<double>(size_t(like.numel())));
  std::vector<int64_t> counts(sums.size(), 0);
  for (int64_t i = 0; i < train.size(); ++i) {
    const auto label = size_t(train.label(i));
    const Tensor gray = small_gray(picture_of(train, i));
    ++counts[label];
    for (size_t p = 0; p < sums[label].size(); ++p) sums[label][p] += gray.data<uint8_t>()[p];
  }
  const Tensor means = Tensor::empty({int64_t(sums.size()), height, width}, u8);
  uint8_t* to = means.data<uint8_t>();
  for (size_t c = 0; c < sums.size(); ++c)
    for (const double sum : sums[c])
      *to++ = uint8_t(std::lround(sum / double(std::max<int64_t>(1, counts[c]))));
  templates_ =
      means.narrow(1, margin, height - 2 * margin).narrow(2, margin, width - 2 * margin).contiguous();
}

std::string Rules::describe(const std::string& rule) const {
  if (rule == "edges") return "Canny edges, counted in small cells";
  if (rule == "hog") return fmt::format("histograms of gradients, cells of {0} x {0}", cell_);
  return "likeness to the mean picture of each class, where it is best";
}

std::vector<Rules::Match> Rules::matches(const Tensor& gray) const {
  const Tensor scores = image::match_templates(gray, templates_);
  const int64_t width = scores.size(2), places = scores.size(1) * width;
  std::vector<Match> all;
  for (int64_t k = 0; k < scores.size(0); ++k) {
    const float* p = scores.data<float>() + k * places;
    const int64_t best = std::max_element(p, p + places) - p;
    all.push_back({best / width, best % width, p[best]});
  }
  return all;
}

Tensor Rules::numbers(const std::string& rule, const Tensor& picture) const {
  if (rule == "edges") return edge_numbers(gray_of(picture));
  if (rule == "hog") return image::hog(picture, hog_options(cell_));
  std::vector<float> scores;
  for (const Match& m : matches(small_gray(picture))) scores.push_back(m.score);
  return Tensor::of<float>(scores);
}

std::shared_ptr<data::Dataset> Rules::features(const std::string& rule, const data::Dataset& set) const {
  const int64_t width = numbers(rule, picture_of(set, 0)).numel();
  const Tensor all = Tensor::empty({set.size(), width});
  std::vector<int64_t> labels(size_t(set.size()));
  parallel_for(set.size(), 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Tensor row = numbers(rule, picture_of(set, i));
      std::memcpy(all.data<float>() + i * width, row.data<float>(), size_t(width) * sizeof(float));
      labels[size_t(i)] = set.label(i);
    }
  });
  return std::make_shared<data::TensorDataset>(
      all, labels,
      data::TensorDataset::Info{
          .name = set.name() + " " + rule, .split = set.split(), .classes = set.classes()});
}

Tensor Rules::sees(const std::string& rule, const Tensor& picture) const {
  const Tensor gray = gray_of(picture);
  if (rule == "edges") return rgb_of(image::canny(gray, edge_low, edge_high));
  if (rule == "hog") return rgb_of(image::draw_hog(image::hog_cells(picture, hog_options(cell_)), 20));
  if (rule == "lines") {
    constexpr int64_t larger = 6;
    auto lines = lines_of(gray);
    for (auto& l : lines) l.rho *= larger;
    const Tensor rgb = rgb_of(picture);
    return image::draw_lines(
        image::resize(rgb, larger * rgb.size(0), larger * rgb.size(1), image::Filter::nearest), lines);
  }
  const Tensor small = small_gray(picture);
  const std::vector<Match> all = matches(small);
  const auto best = std::max_element(all.begin(), all.end(),
                                     [](const Match& a, const Match& b) { return a.score < b.score; });
  const Tensor pattern = image::render(image::Image(templates_.select(0, best - all.begin()).to(f32)));
  const Tensor out = zeros({small.size(0), small.size(1), 3}, u8);
  out.narrow(0, best->top, pattern.size(0)).narrow(1, best->left, pattern.size(1)).copy_from(pattern);
  return out;
}

}  // namespace fovea::cli
