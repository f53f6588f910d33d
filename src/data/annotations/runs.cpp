#include "data/annotations/runs.h"

#include <algorithm>
#include <cmath>

#include "fovea/annotations.h"

namespace fovea::data {
namespace {

constexpr double fineness = 5;            // the COCO API walks an outline in fifths of pixels
constexpr int64_t longest = 100'000'000;  // of these steps

/// Where the outline crosses from one column of pixels to the next, as places in the mask, column by column:
/// between every two of them in order lies a run inside (rleFrPoly of the COCO API).
class Crossings {
 public:
  Crossings(const std::vector<double>& xy, int64_t height, int64_t width) : height_(height), width_(width) {
    const size_t n = xy.size() / 2;
    const auto at = [&](size_t i) { return int64_t(fineness * xy[i] + .5); };
    for (size_t i = 0; i < n; ++i) {
      const size_t next = (i + 1) % n;
      walk(at(2 * i), at(2 * i + 1), at(2 * next), at(2 * next + 1));
    }
    std::sort(places_.begin(), places_.end());
  }

  void fill(uint8_t* columns) const {
    for (size_t i = 0; i + 1 < places_.size(); i += 2)
      std::fill(columns + places_[i], columns + places_[i + 1], uint8_t{1});
    if (places_.size() % 2) std::fill(columns + places_.back(), columns + height_ * width_, uint8_t{1});
  }

 private:
  void walk(int64_t x0, int64_t y0, int64_t x1, int64_t y1) {
    const int64_t dx = std::abs(x1 - x0), dy = std::abs(y1 - y0), steps = std::max(dx, dy);
    length_ += steps;
    check(length_ <= longest, "an outline is longer than {} pixels", longest / int64_t(fineness));
    const bool flat = dx >= dy, back = flat ? x0 > x1 : y0 > y1;
    if (back) std::swap(x0, x1), std::swap(y0, y1);
    const double slope = steps == 0 ? 0 : flat ? double(y1 - y0) / double(dx) : double(x1 - x0) / double(dy);
    for (int64_t d = 0; d <= steps; ++d) {
      const int64_t t = back ? steps - d : d;
      if (flat) step(x0 + t, int64_t(double(y0) + slope * double(t) + .5));
      else step(int64_t(double(x0) + slope * double(t) + .5), y0 + t);
    }
  }

  /// The next point of the walk, in fifths.
  void step(int64_t x, int64_t y) {
    if (begun_ && x != x_) {
      const double column = (double(x < x_ ? x : x - 1) + .5) / fineness - .5;
      const double row =
          std::ceil(std::clamp((double(std::min(y, y_)) + .5) / fineness - .5, 0., double(height_)));
      if (std::floor(column) == column && column >= 0 && column <= double(width_ - 1))
        places_.push_back(int64_t(column) * height_ + int64_t(row));
    }
    begun_ = true, x_ = x, y_ = y;
  }

  int64_t height_, width_, length_ = 0;
  std::vector<int64_t> places_;
  bool begun_ = false;
  int64_t x_ = 0, y_ = 0;
};

}  // namespace

std::vector<uint32_t> runs_of_text(const std::string& text, int64_t pixels) {
  std::vector<uint32_t> runs;
  int64_t sum = 0;
  for (size_t at = 0; at < text.size();) {
    int64_t run = 0;
    int bits = 0;
    for (bool more = true; more; bits += 5) {  // five bits a letter, the sixth says that more follow
      check(at < text.size() && bits < 35, "its runs are damaged at letter {} of {}", at, text.size());
      const int code = text[at++] - 48;
      check(code >= 0 && code < 64, "its runs hold the letter of code {}", code + 48);
      run |= int64_t{code & 31} << bits, more = code & 32;
      if (!more && (code & 16)) run |= -(int64_t{1} << (bits + 5));
    }
    if (runs.size() > 2) run += runs[runs.size() - 2];  // later ones are differences
    check(run >= 0 && run <= pixels - sum, "its runs leave the {} pixels", pixels);
    sum += run;
    runs.push_back(uint32_t(run));
  }
  check(sum == pixels, "its runs cover {} of {} pixels", sum, pixels);
  return runs;
}

Tensor mask_of(const Annotation& object, int64_t height, int64_t width) {
  const Tensor columns = zeros({width, height}, u8);  // COCO counts down the columns
  uint8_t* to = columns.data<uint8_t>();
  for (const auto& outline : object.polygons) Crossings(outline, height, width).fill(to);
  int64_t sum = 0;
  for (size_t i = 0; i < object.runs.size(); ++i) {
    check(object.runs[i] <= height * width - sum, "the runs of a mask leave its {} x {} pixels", height,
          width);
    if (i % 2) std::fill_n(to + sum, object.runs[i], uint8_t{1});
    sum += object.runs[i];
  }
  if (object.polygons.empty() && object.runs.empty()) {
    const auto border = [](float v, int64_t size) {
      return std::clamp<int64_t>(std::lround(std::ceil(double(v) - .5)), 0, size);
    };
    const auto [left, top, right, bottom] = object.box;
    const int64_t first = border(top, height), last = border(bottom, height);
    for (int64_t x = border(left, width); x < border(right, width); ++x)
      std::fill(to + x * height + first, to + x * height + std::max(first, last), uint8_t{1});
  }
  return columns.permute({1, 0}).contiguous();
}

}  // namespace fovea::data
