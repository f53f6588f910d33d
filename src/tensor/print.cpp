// Tensors as text: one line that says what it is, then tables of aligned columns, one per leading index.
#include <algorithm>
#include <cmath>
#include <ostream>

#include "fovea/tensor.h"

namespace fovea {
namespace {

constexpr int max_tables = 6;
constexpr int64_t gap = -1;  // stands for the "…" of an abridged dimension

/// The indices of a dimension that are shown: all, or the first and last with a gap between.
std::vector<int64_t> shown(int64_t size, int most) {
  std::vector<int64_t> indices;
  const int64_t head = size <= most ? size : std::max(1, (most + 1) / 2), tail = size <= most ? 0 : most / 2;
  for (int64_t i = 0; i < head; ++i) indices.push_back(i);
  if (size > head) indices.push_back(gap);
  for (int64_t i = size - tail; i < size; ++i) indices.push_back(i);
  return indices;
}

double real_at(const Tensor& t, int64_t i) {
  switch (t.dtype()) {
    case f32:
      return t.data<float>()[i];
    case f64:
      return t.data<double>()[i];
    case f16:
      return f32_from_f16(static_cast<const uint16_t*>(t.raw())[i]);
    default:
      return f32_from_bf16(static_cast<const uint16_t*>(t.raw())[i]);
  }
}

int64_t integer_at(const Tensor& t, int64_t i) {
  switch (t.dtype()) {
    case i32:
      return t.data<int32_t>()[i];
    case i64:
      return t.data<int64_t>()[i];
    case u8:
      return t.data<uint8_t>()[i];
    case u16:
      return t.data<uint16_t>()[i];
    default:
      return t.data<int16_t>()[i];
  }
}

enum class Style { whole, fixed, scientific };

/// One style for all numbers of a tensor, so that they compare at a glance.
Style style_of(const std::vector<double>& numbers) {
  double largest = 0, smallest = INFINITY;
  bool whole = true;
  for (const double x : numbers) {
    if (!std::isfinite(x) || x == 0) continue;
    largest = std::max(largest, std::abs(x)), smallest = std::min(smallest, std::abs(x));
    whole &= x == std::trunc(x);
  }
  if (whole && largest < 1e7) return Style::whole;
  return largest < 1e5 && smallest >= 1e-4 ? Style::fixed : Style::scientific;
}

std::string number(double x, Style style) {
  if (!std::isfinite(x)) return fmt::format("{}", x);
  if (style == Style::whole) return fmt::format("{:.0f}", x);
  return style == Style::fixed ? fmt::format("{:.4f}", x) : fmt::format("{:.4e}", x);
}

/// The text of the elements at these places (in row-major order of a contiguous tensor).
std::vector<std::string> texts(const Tensor& t, const std::vector<int64_t>& places) {
  std::vector<std::string> out;
  if (is_float(t.dtype())) {
    std::vector<double> numbers;
    for (const int64_t i : places) numbers.push_back(real_at(t, i));
    const Style style = style_of(numbers);
    for (const double x : numbers) out.push_back(number(x, style));
  } else {
    for (const int64_t i : places)
      out.push_back(t.dtype() == boolean ? (t.data<bool>()[i] ? "true" : "false")
                                         : std::to_string(integer_at(t, i)));
  }
  return out;
}

/// Walks the tables, rows and columns that are shown.
class Printer {
 public:
  Printer(const Tensor& t, int max_rows, int max_columns)
      : tensor_(t),
        rank_(t.rank()),
        rows_(shown(rank_ > 1 ? t.size(-2) : 1, max_rows)),
        columns_(shown(rank_ > 0 ? t.size(-1) : 1, max_columns)) {
    const int64_t height = rank_ > 1 ? t.size(-2) : 1, width = rank_ > 0 ? t.size(-1) : 1;
    tables_ = shown(t.numel() / (height * width), max_tables);
    std::vector<int64_t> places;
    for (const int64_t table : tables_)
      for (const int64_t row : rows_)
        for (const int64_t column : columns_)
          if (table != gap && row != gap && column != gap)
            places.push_back((table * height + row) * width + column);
    cells_ = texts(t, places);
    for (const auto& cell : cells_) width_ = std::max(width_, cell.size());
  }

  std::string print() {
    std::string out;
    auto cell = cells_.cbegin();
    for (const int64_t table : tables_) {
      if (table == gap) {
        out += "\n…";
        continue;
      }
      if (rank_ > 2) out += "\n" + heading(table);
      for (const int64_t row : rows_) out += row == gap ? "\n  …" : "\n" + line(cell);
    }
    return out;
  }

 private:
  std::string line(std::vector<std::string>::const_iterator& cell) const {
    std::string out;
    for (const int64_t column : columns_)
      out += column == gap ? "  …" : fmt::format("  {:>{}}", *cell++, width_);
    return out;
  }
  /// "[0, 1, :, :]"
  std::string heading(int64_t table) const {
    std::string out = ", :, :]";
    for (int d = rank_ - 3; d >= 0; --d) {
      out = std::to_string(table % tensor_.size(d)) + out;
      table /= tensor_.size(d);
      if (d > 0) out = ", " + out;
    }
    return "[" + out;
  }

  const Tensor& tensor_;
  int rank_;
  std::vector<int64_t> tables_, rows_, columns_;
  std::vector<std::string> cells_;
  size_t width_ = 1;
};

}  // namespace

std::string to_string(const Tensor& t, int max_rows, int max_columns) {
  check(max_rows > 0 && max_columns > 0, "to_string wants at least one row and column, not {} and {}",
        max_rows, max_columns);
  if (!t.defined() || t.numel() == 0) return t.describe();
  const Tensor dense = t.detach().to(Device{}).contiguous();
  return t.describe() + Printer(dense, max_rows, max_columns).print();
}

std::ostream& operator<<(std::ostream& out, const Tensor& t) {
  const bool pixels = t.defined() && (t.dtype() == u8 || t.dtype() == u16) && t.rank() > 1;
  return out << (pixels ? to_string(t, 32, 32) : to_string(t));
}

}  // namespace fovea
