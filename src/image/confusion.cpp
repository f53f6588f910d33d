#include <algorithm>
#include <cmath>

#include "fovea/plot.h"
#include "image/plot_style.h"

namespace fovea::image {
namespace {

constexpr Color pale{170, 178, 186};
constexpr int64_t most_named = 20;

/// From white over light blue to dark blue; small shares stay visible.
Color shade(double share) {
  constexpr Color stops[]{{255, 255, 255}, {198, 219, 239}, {107, 174, 214}, {33, 113, 181}, {8, 48, 107}};
  const double at = std::sqrt(std::clamp(share, 0.0, 1.0)) * 4;
  const int i = std::min(3, int(at));
  const auto mix = [&](uint8_t a, uint8_t b) { return uint8_t(std::lround(a + (b - a) * (at - i))); };
  return {mix(stops[i].r, stops[i + 1].r), mix(stops[i].g, stops[i + 1].g), mix(stops[i].b, stops[i + 1].b)};
}

/// As much of `text` as fits, with an ellipsis where it is cut.
std::string shortened(const std::string& text, double size, double width) {
  if (Canvas::text_width(text, size) <= width) return text;
  std::string out = text;
  while (!out.empty() && Canvas::text_width(out + "…", size) > width) {
    while ((uint8_t(out.back()) & 0xc0) == 0x80) out.pop_back();  // whole UTF-8 characters
    out.pop_back();
  }
  return out + "…";
}

struct Counts {
  int64_t n;
  std::vector<double> values, row_sums;
  double all = 0, right = 0;

  double at(int64_t row, int64_t column) const { return values[size_t(row * n + column)]; }
  double share(int64_t row, int64_t column) const {
    return row_sums[size_t(row)] > 0 ? at(row, column) / row_sums[size_t(row)] : 0;
  }
};

Counts counts_of(const Tensor& matrix, size_t classes) {
  constexpr int64_t most = 4096;
  check(
      matrix.rank() == 2 && matrix.size(0) == matrix.size(1) && matrix.size(0) > 0 && matrix.size(0) <= most,
      "[plot_confusion] wants a matrix (K, K) of at most {} classes, not {}", most, matrix.describe());
  check(classes == size_t(matrix.size(0)), "[plot_confusion] {} class names for {} classes", classes,
        matrix.size(0));
  Counts c{matrix.size(0), matrix.to(f64).to_vector<double>(), {}};
  for (int64_t row = 0; row < c.n; ++row) {
    double sum = 0;
    for (int64_t column = 0; column < c.n; ++column) {
      const double v = c.at(row, column);
      check(v >= 0 && std::isfinite(v), "[plot_confusion] the count in row {}, column {} is {}", row, column,
            v);
      sum += v;
    }
    c.row_sums.push_back(sum), c.all += sum, c.right += c.at(row, row);
  }
  return c;
}

class ConfusionPlot {
 public:
  ConfusionPlot(const Counts& counts, const std::vector<std::string>& classes, const std::string& title)
      : counts_(counts), classes_(classes), title_(title), named_(counts.n <= most_named) {
    cell_ =
        named_ ? std::clamp(900 / counts.n, int64_t{46}, int64_t{110}) : std::max<int64_t>(1, 900 / counts.n);
    side_ = double(cell_ * counts.n);
    double widest = 0;
    for (const auto& name : classes) widest = std::max(widest, Canvas::text_width(name, tick_size));
    names_ = std::ceil(named_ ? std::min(widest, 280.0) : Canvas::text_width("0000", tick_size));
    upright_names_ = named_ && widest > double(cell_) - 10;
    left_ = 70 + names_ + 16;
    top_ = 120;
  }

  Image draw() {
    const double below = (upright_names_ ? names_ : tick_size) + 70, beside = named_ ? 150 : 60;
    const double least = Canvas::text_width(title_, title_size) + 80;
    Canvas canvas(int(std::max(left_ + side_ + beside, least)), int(top_ + side_ + below), white);
    canvas.text({40, 54}, title_, title_size, ink);
    canvas.text({40, 90}, accuracy(), tick_size, faint);
    cells(canvas);
    named_ ? names(canvas) : numbers(canvas);
    canvas.text({36, top_ + side_ / 2}, "true class", label_size, ink, Align::center, 90);
    canvas.text({left_ + side_ / 2, top_ + side_ + below - 22}, "predicted class", label_size, ink,
                Align::center);
    return Image(canvas.pixels());
  }

 private:
  std::string accuracy() const {
    if (counts_.all == 0) return "no examples";
    return fmt::format("{:.2f} % right: {:.0f} of {:.0f}", 100 * counts_.right / counts_.all, counts_.right,
                       counts_.all);
  }

  void cells(Canvas& canvas) const {
    const double gap = cell_ >= 20 ? 1 : 0;
    canvas.rectangle(left_ - 1, top_ - 1, side_ + 2 - gap, side_ + 2 - gap, {222, 226, 230});
    for (int64_t row = 0; row < counts_.n; ++row)
      for (int64_t column = 0; column < counts_.n; ++column) {
        const double x = left_ + double(column * cell_), y = top_ + double(row * cell_),
                     share = counts_.share(row, column);
        canvas.rectangle(x, y, double(cell_) - gap, double(cell_) - gap, shade(share));
        if (!named_) continue;
        const std::string text = fmt::format("{:.6g}", counts_.at(row, column));
        const double size =
            std::min(tick_size, tick_size * (double(cell_) - 8) / Canvas::text_width(text, tick_size));
        const Color color = counts_.at(row, column) == 0 ? pale : share > 0.25 ? white : ink;
        canvas.text({x + double(cell_) / 2, y + double(cell_) / 2 + size * 0.36}, text, size, color,
                    Align::center);
      }
  }

  void names(Canvas& canvas) const {
    canvas.text({left_ + side_ + 16, top_ - 14}, "recall", tick_size, faint);
    for (int64_t i = 0; i < counts_.n; ++i) {
      const double middle = double(i * cell_) + double(cell_) / 2;
      const std::string name = shortened(classes_[size_t(i)], tick_size, names_);
      canvas.text({left_ - 14, top_ + middle + 7}, name, tick_size, ink, Align::right);
      const Point below{left_ + middle + (upright_names_ ? 7 : 0), top_ + side_ + (upright_names_ ? 12 : 28)};
      canvas.text(below, name, tick_size, ink, upright_names_ ? Align::right : Align::center,
                  upright_names_ ? 90 : 0);
      const bool any = counts_.row_sums[size_t(i)] > 0;
      canvas.text({left_ + side_ + 16, top_ + middle + 7},
                  any ? fmt::format("{:.1f} %", 100 * counts_.share(i, i)) : "-", tick_size, faint);
    }
  }

  /// With many classes, the number of about every tenth of them.
  void numbers(Canvas& canvas) const {
    const int64_t step = counts_.n <= 100 ? 10 : counts_.n <= 1000 ? 100 : 1000;
    for (int64_t i = 0; i < counts_.n; i += step) {
      const double middle = double(i * cell_) + double(cell_) / 2;
      canvas.text({left_ - 12, top_ + middle + 7}, std::to_string(i), tick_size, faint, Align::right);
      canvas.text({left_ + middle, top_ + side_ + 26}, std::to_string(i), tick_size, faint, Align::center);
    }
  }

  const Counts& counts_;
  const std::vector<std::string>& classes_;
  const std::string& title_;
  bool named_, upright_names_;
  int64_t cell_;
  double side_, names_, left_, top_;
};

}  // namespace

Image draw_confusion(const Tensor& matrix, const std::vector<std::string>& classes,
                     const std::string& title) {
  return ConfusionPlot(counts_of(matrix, classes.size()), classes, title).draw();
}

void plot_confusion(const std::string& path, const Tensor& matrix, const std::vector<std::string>& classes,
                    const std::string& title) {
  write(path, draw_confusion(matrix, classes, title));
}

}  // namespace fovea::image
