// Dims: a short list of integers without heap memory: shapes, strides, paddings, axes. A value type.
//   Dims shape{8, 3, 32, 32};  shape[-1] == 32;  shape.numel() == 24576;  shape.str() == "(8,3,32,32)"
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "fovea/error.h"

namespace fovea {

class Dims {
 public:
  static constexpr int max_rank = 8;

  Dims() = default;
  Dims(std::initializer_list<int64_t> values) : Dims(values.begin(), values.end()) {}
  Dims(const std::vector<int64_t>& values) : Dims(values.data(), values.data() + values.size()) {}
  Dims(const int64_t* first, const int64_t* last) {
    check(last - first <= max_rank, "a shape has at most {} dimensions, not {}", int(max_rank), last - first);
    for (; first != last; ++first) d_[n_++] = *first;
  }
  static Dims filled(int n, int64_t value) {
    Dims d;
    for (int i = 0; i < n; ++i) d.push_back(value);
    return d;
  }

  int size() const { return n_; }
  bool empty() const { return n_ == 0; }
  /// Element `i`; a negative index counts from the end. *Requires* -size() <= i < size().
  int64_t operator[](int i) const { return d_[at(i)]; }
  int64_t& operator[](int i) { return d_[at(i)]; }
  int64_t back() const { return (*this)[-1]; }

  void push_back(int64_t value) {
    check(n_ < max_rank, "a shape has at most {} dimensions", int(max_rank));
    d_[n_++] = value;
  }
  void insert(int at, int64_t value) {
    push_back(0);
    for (int i = n_ - 1; i > at; --i) d_[i] = d_[i - 1];
    d_[at] = value;
  }
  void erase(int at) {
    for (int i = at; i + 1 < n_; ++i) d_[i] = d_[i + 1];
    --n_;
  }

  int64_t* begin() { return d_.data(); }
  int64_t* end() { return d_.data() + n_; }
  const int64_t* begin() const { return d_.data(); }
  const int64_t* end() const { return d_.data() + n_; }
  std::vector<int64_t> vec() const { return {begin(), end()}; }

  /// Product of all entries (1 if empty). Throws if it does not fit 63 bits or an entry is negative.
  int64_t numel() const;
  /// Strides of a dense row-major tensor of this shape.
  Dims contiguous_strides() const;
  /// "(8,3,32,32)"
  std::string str() const;

  bool operator==(const Dims& o) const {
    if (n_ != o.n_) return false;
    for (int i = 0; i < n_; ++i)
      if (d_[i] != o.d_[i]) return false;
    return true;
  }

 private:
  int at(int i) const {
    const int k = i < 0 ? i + n_ : i;
    check(k >= 0 && k < n_, "index {} is outside of {} dimensions", i, n_);
    return k;
  }
  std::array<int64_t, max_rank> d_{};
  int n_ = 0;
};

/// The axis `axis` of a tensor of `rank` dimensions with negative values counted from the end; throws
/// outside.
int normal_axis(int64_t axis, int rank, const char* who);

/// The shape both broadcast to by NumPy's rules; throws naming `who` and both shapes.
Dims broadcast(const Dims& a, const Dims& b, const char* who);

}  // namespace fovea

template <>
struct fmt::formatter<fovea::Dims> {
  constexpr auto parse(format_parse_context& ctx) { return ctx.begin(); }
  auto format(const fovea::Dims& d, format_context& ctx) const {
    return fmt::format_to(ctx.out(), "{}", d.str());
  }
};
