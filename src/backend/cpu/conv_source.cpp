#include "backend/cpu/conv_source.h"

#include <algorithm>
#include <cstring>

namespace fovea {

const float* ConvSource::image(const float* data, int64_t n, int64_t begin, int64_t end,
                               float* scratch) const {
  const float* from = data + n * channels * height * width;
  if (keep) return from;
  const int64_t step = this->step(), planes = channels / step, row = width * step, wide = columns * step;
  for (int64_t c = 0; c < planes; ++c)
    std::memset(scratch + (c * rows + begin) * wide, 0, size_t((end - begin) * wide) * sizeof(float));
  std::memset(scratch + channels * plane(), 0, 16 * sizeof(float));
  const int64_t first = std::max(begin - top, int64_t{0}), last = std::min(end - top, height),
                copied = std::min(width, columns - left) * step;
  if (from_blocked != blocked) {
    unblock(from, scratch, first, last, copied);
    return scratch;
  }
  for (int64_t c = 0; c < planes; ++c)
    for (int64_t y = first; y < last; ++y)
      std::memcpy(scratch + (c * rows + top + y) * wide + left * step, from + (c * height + y) * row,
                  size_t(copied) * sizeof(float));
  return scratch;
}

void ConvSource::unblock(const float* from, float* to, int64_t begin, int64_t end, int64_t copied) const {
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = begin; y < end; ++y) {
      const float* x = from + ((c / 8 * height + y) * width) * 8 + c % 8;
      float* row = to + c * plane() + (top + y) * columns + left;
      for (int64_t i = 0; i < copied; ++i) row[i] = x[i * 8];
    }
}

ConvPlan ConvPlan::forward(const ConvShape& s, bool blocked, bool keep_allowed) {
  ConvPlan p;
  const bool keep = keep_allowed && s.pad[1] == 0 && s.pad[2] == 0;
  p.source = {.channels = s.c,
              .height = s.in[1],
              .width = s.in[2],
              .top = s.pad[1],
              .left = s.pad[2],
              .rows = s.in[1] + 2 * s.pad[1],
              .columns = s.in[2] + 2 * s.pad[2],
              .blocked = blocked,
              .keep = keep};
  p.images = s.n, p.results = s.o, p.height = s.out[1], p.width = s.out[2];
  p.in_step = s.stride[1];
  p.k[0] = s.k[1], p.k[1] = s.k[2];
  p.phases = 1;
  p.phase[0] = {.rows = p.height, .columns = p.width};
  p.count_taps(s);
  return p;
}

ConvPlan ConvPlan::input_grad(const ConvShape& s, bool blocked) {
  ConvPlan p;
  p.transposed = true;
  p.images = s.n, p.results = s.c, p.height = s.in[1], p.width = s.in[2];
  p.out_step = s.stride[1];
  p.k[0] = s.k[1], p.k[1] = s.k[2];
  // The result row y takes row (y + pad - ky dilation) / stride of g, which may lie before its first and
  // after its last.
  int64_t before[2], size[2];
  for (int i = 0; i < 2; ++i) {
    const size_t d = size_t(i + 1);
    before[i] =
        std::max<int64_t>(0, (s.dilation[d] * (s.k[d] - 1) - s.pad[d] + s.stride[d] - 1) / s.stride[d]);
    const int64_t last = (s.in[d] - 1 + s.pad[d]) / s.stride[d];
    size[i] = before[i] + std::max(s.out[d], last + 1);
  }
  p.source = {.channels = s.o,
              .height = s.out[1],
              .width = s.out[2],
              .top = before[0],
              .left = before[1],
              .rows = size[0],
              .columns = size[1],
              .blocked = blocked,
              .keep = false};
  p.source.keep = before[0] == 0 && before[1] == 0 && size[0] == s.out[1] && size[1] == s.out[2] && blocked;
  for (int64_t y = 0; y < s.stride[1]; ++y)
    for (int64_t x = 0; x < s.stride[2]; ++x)
      p.phase[p.phases++] = {.y0 = y,
                             .x0 = x,
                             .rows = std::max<int64_t>(0, (s.in[1] - y + s.stride[1] - 1) / s.stride[1]),
                             .columns = std::max<int64_t>(0, (s.in[2] - x + s.stride[2] - 1) / s.stride[2])};
  p.count_taps(s);
  return p;
}

bool ConvPlan::offset(const ConvShape& s, const ConvPhase& p, int64_t ky, int64_t kx, int64_t& at) const {
  if (!transposed) {
    at = source.pixel_offset(ky * s.dilation[1], kx * s.dilation[2]);
    return true;
  }
  const int64_t y = p.y0 + s.pad[1] - ky * s.dilation[1], x = p.x0 + s.pad[2] - kx * s.dilation[2];
  if (y % s.stride[1] != 0 || x % s.stride[2] != 0) return false;
  at = source.pixel_offset(source.top + y / s.stride[1], source.left + x / s.stride[2]);
  return true;
}

void ConvPlan::count_taps(const ConvShape& s) {
  int64_t at, first = 0;
  for (int i = 0; i < phases; ++i) {
    ConvPhase& p = phase[i];
    p.first_tap = first;
    for (int64_t ky = 0; ky < k[0]; ++ky) {
      int64_t taps = 0;
      for (int64_t kx = 0; kx < k[1]; ++kx) taps += offset(s, p, ky, kx, at) ? source.channels : 0;
      if (taps == 0) continue;
      p.taps += taps;
      const int64_t row =
          transposed ? source.top + (p.y0 + s.pad[1] - ky * s.dilation[1]) / s.stride[1] : ky * s.dilation[1];
      if (p.window_rows == 0) p.row = row;
      if (p.window_rows == 1) p.row_step = row - p.row;
      ++p.window_rows;
    }
    first += p.taps;
  }
}

ConvRange ConvPlan::taps_of_row(const ConvPhase& p, int64_t i) const {
  const auto inside = [&](int64_t window_row) {
    const int64_t y = i * in_step + p.row + window_row * p.row_step - source.top;
    return y >= 0 && y < source.height;
  };
  ConvRange rows{0, p.window_rows};
  while (rows.count() > 0 && !inside(rows.first)) ++rows.first;
  while (rows.count() > 0 && !inside(rows.last - 1)) --rows.last;
  const int64_t each = p.window_rows == 0 ? 0 : p.taps / p.window_rows;
  return {rows.first * each, rows.last * each};
}

ConvRange ConvPlan::source_rows(const ConvPhase& p, ConvRange results) const {
  if (results.count() <= 0 || p.window_rows == 0) return {};
  const int64_t last_row = p.row + (p.window_rows - 1) * p.row_step;
  return {results.first * in_step + std::min(p.row, last_row),
          (results.last - 1) * in_step + std::max(p.row, last_row) + 1};
}

}  // namespace fovea
