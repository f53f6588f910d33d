// One pass from a decoded picture to the input of a network: columns first (whole rows of bytes are summed
// into one row of f32), then along the row, then scale, shift and mirror on the way out.
#include <cmath>
#include <cstring>

#include "data/functional/planes.h"

namespace fovea::data::functional {
namespace {

/// For each output position the first input position, their number, and `most` weights.
struct Taps {
  int64_t most = 0;
  std::vector<int64_t> first, count;
  std::vector<float> weights;
};

/// Of the triangle filter of Pillow, which widens as the image shrinks: outputs begin .. begin + n - 1 of
/// `out` from `in` positions.
Taps make_taps(int64_t in, int64_t out, int64_t begin, int64_t n) {
  const double scale = double(in) / double(out), stretch = std::max(scale, 1.0);
  Taps t;
  t.most = int64_t(std::ceil(stretch)) * 2 + 1;
  t.weights.resize(size_t(n * t.most));
  for (int64_t o = 0; o < n; ++o) {
    const double center = (double(begin + o) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(int64_t(center - stretch + 0.5), 0);
    const int64_t count = std::min<int64_t>(int64_t(center + stretch + 0.5), in) - first;
    float* const w = t.weights.data() + o * t.most;
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double weight = std::max(1 - std::abs(double(first + i) - center + 0.5) / stretch, 0.0);
      w[i] = float(weight), sum += weight;
    }
    for (int64_t i = 0; i < count; ++i) w[i] = float(w[i] / sum);
    t.first.push_back(first), t.count.push_back(count);
  }
  return t;
}

typedef float Four __attribute__((vector_size(16)));
typedef float Eight __attribute__((vector_size(32)));

/// sum[i] = the sum over rows k of in[k * stride + i] * w[k].
template <class T>
struct MixRows {
  static FOVEA_IMAGE_INLINE void run(const T* in, int64_t stride, const float* w, int64_t count, float* sum,
                                     int64_t n) {
    typedef T Values __attribute__((vector_size(8 * sizeof(T))));
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
      Eight a{}, b{};
      const T* p = in + i;
      for (int64_t k = 0; k < count; ++k, p += stride) {
        Values x, y;
        std::memcpy(&x, p, sizeof x), std::memcpy(&y, p + 8, sizeof y);
        a += __builtin_convertvector(x, Eight) * w[k], b += __builtin_convertvector(y, Eight) * w[k];
      }
      std::memcpy(sum + i, &a, sizeof a), std::memcpy(sum + i + 8, &b, sizeof b);
    }
    for (; i < n; ++i) {
      float s = 0;
      for (int64_t k = 0; k < count; ++k) s += float(in[k * stride + i]) * w[k];
      sum[i] = s;
    }
  }
};

struct RowOut {
  float* out;           // of the first channel; the others follow every `plane`
  int64_t plane, step;  // 1, or -1 to mirror
};

/// Pixels of up to 4 channels: one vector each. Reads 4 numbers, so 3 lie behind the row.
struct MixPixels {
  static FOVEA_IMAGE_INLINE void run(const float* row, const Taps* taps, int64_t channels, RowOut to,
                                     const float* scale, const float* shift) {
    Four a{}, b{};
    for (int64_t c = 0; c < channels; ++c) a[c] = scale[c], b[c] = shift[c];
    for (size_t o = 0; o < taps->first.size(); ++o, to.out += to.step) {
      const float* p = row + taps->first[o] * channels;
      const float* const w = taps->weights.data() + int64_t(o) * taps->most;
      Four sum{};
      for (int64_t i = 0; i < taps->count[o]; ++i, p += channels) {
        Four pixel;
        std::memcpy(&pixel, p, sizeof pixel);
        sum += pixel * w[i];
      }
      sum = sum * a + b;
      for (int64_t c = 0; c < channels; ++c) to.out[c * to.plane] = sum[c];
    }
  }
};

/// Any number of channels.
void mix_pixels(const float* row, const Taps& taps, int64_t channels, RowOut to, const float* scale,
                const float* shift) {
  for (size_t o = 0; o < taps.first.size(); ++o, to.out += to.step) {
    const float* const w = taps.weights.data() + int64_t(o) * taps.most;
    for (int64_t c = 0; c < channels; ++c) {
      const float* const p = row + taps.first[o] * channels + c;
      float sum = 0;
      for (int64_t i = 0; i < taps.count[o]; ++i) sum += p[i * channels] * w[i];
      to.out[c * to.plane] = sum * scale[c] + shift[c];
    }
  }
}

}  // namespace

void resample_into(float* out, const Tensor& table, const Resampling& r, std::span<const float> scale,
                   std::span<const float> shift) {
  const DType d = table.dtype();
  check(table.rank() == 3 && (d == u8 || d == u16 || d == f32) && table.is_contiguous(),
        "[resample] wants a table (H,W,C) of u8, u16 or f32, not {}", table.describe());
  const int64_t channels = table.size(2), stride = table.size(1) * channels;
  check(r.top >= 0 && r.left >= 0 && r.height > 0 && r.width > 0 && r.top + r.height <= table.size(0) &&
            r.left + r.width <= table.size(1),
        "[resample] {} x {} at row {}, column {} lies outside of {}", r.height, r.width, r.top, r.left,
        table.shape());
  check(r.out_top >= 0 && r.out_left >= 0 && r.out_height > 0 && r.out_width > 0 &&
            r.out_top + r.out_height <= r.scaled_height && r.out_left + r.out_width <= r.scaled_width,
        "[resample] the window {} x {} lies outside of {} x {}", r.out_height, r.out_width, r.scaled_height,
        r.scaled_width);
  check(int64_t(scale.size()) == channels && shift.size() == scale.size(),
        "[resample] {} channels want as many scales and shifts, not {} and {}", channels, scale.size(),
        shift.size());
  const Taps rows = make_taps(r.height, r.scaled_height, r.out_top, r.out_height);
  const Taps columns = make_taps(r.width, r.scaled_width, r.out_left, r.out_width);
  std::vector<float> row(size_t(r.width * channels + 4), 0.f);
  const int64_t plane = r.out_height * r.out_width;
  for (int64_t y = 0; y < r.out_height; ++y) {
    for_type(d, [&](auto zero) {
      using T = decltype(zero);
      run_fast<MixRows<T>>(static_cast<const T*>(table.data<T>()) + (r.top + rows.first[size_t(y)]) * stride +
                               r.left * channels,
                           stride, rows.weights.data() + y * rows.most, rows.count[size_t(y)], row.data(),
                           r.width * channels);
    });
    const RowOut to{out + y * r.out_width + (r.flip ? r.out_width - 1 : 0), plane, r.flip ? -1 : 1};
    if (channels <= 4)
      run_fast<MixPixels>(static_cast<const float*>(row.data()), &columns, channels, to, scale.data(),
                          shift.data());
    else mix_pixels(row.data(), columns, channels, to, scale.data(), shift.data());
  }
}

}  // namespace fovea::data::functional
