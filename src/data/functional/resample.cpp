// One pass from a decoded picture to the input of a network: columns first (whole rows of bytes are summed
// into one row of f32), then along the row, eight outputs at a time, then scale and shift on the way out.
#include <bit>
#include <cmath>
#include <cstring>

#include "data/functional/planes.h"
#include "data/functional/resampler.h"

namespace fovea::data::functional {
namespace {

using Taps = Resampler::Taps;

/// One direction of a resampling as the table sees it. Positions count from the table's pixel `base` on,
/// where the part that is scaled begins; at `shrink` > 1, `offset` of a pixel later.
struct Axis {
  int64_t base, low, high;  // pixels low .. high - 1 are there and belong to the part
  double offset, step;      // 1 / step is the scale
  int64_t begin, outputs;   // of the scaled part, those wanted
};

Axis axis_of(int64_t at, int64_t length, int64_t scaled, int64_t begin, int64_t outputs, int64_t start,
             int64_t shrink, int64_t size) {
  const auto [first, last] = needed(at, length, scaled, begin, outputs);
  check(first >= start && last <= start + size * shrink, "[resample] pixels {}..{} lie outside of {}..{}",
        first, last, start, start + size * shrink);
  const int64_t base = (at - start) / shrink - (at < start && (at - start) % shrink != 0);  // rounds down
  const int64_t end = (at - start + length + shrink - 1) / shrink;
  return {base,
          std::max<int64_t>(-base, 0),
          std::min(end, size) - base,
          double(at - start - base * shrink) / double(shrink),
          double(length) / double(scaled) / double(shrink),
          begin,
          outputs};
}

/// The triangle filter of Pillow, which widens as the image shrinks.
void make_taps(Taps& t, const Axis& axis) {
  const double stretch = std::max(axis.step, 1.0);
  const int64_t most = int64_t(std::ceil(stretch)) * 2 + 1;
  t.outputs = axis.outputs, t.count = 0;
  t.first.resize(size_t(axis.outputs));
  t.weights.assign(size_t(axis.outputs * most), 0.f);
  for (int64_t o = 0; o < axis.outputs; ++o) {
    const double center = axis.offset + (double(axis.begin + o) + 0.5) * axis.step;
    const int64_t first = std::clamp(int64_t(center - stretch + 0.5), axis.low, axis.high - 1);
    const int64_t count = std::max<int64_t>(std::min(int64_t(center + stretch + 0.5), axis.high) - first, 1);
    float* const w = t.weights.data() + o * most;
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double weight = std::max(1 - std::abs(double(first + i) - center + 0.5) / stretch, 0.0);
      w[i] = float(weight), sum += weight;
    }
    if (sum == 0) w[0] = 1, sum = 1;  // a pixel of which the part has a corner
    for (int64_t i = 0; i < count; ++i) w[i] = float(w[i] / sum);
    t.first[size_t(o)] = int32_t(axis.base + first);
    t.count = std::max(t.count, count);
  }
  for (int64_t o = 1; t.count < most && o < axis.outputs; ++o)  // closer together
    std::memmove(t.weights.data() + o * t.count, t.weights.data() + o * most,
                 size_t(t.count) * sizeof(float));
}

/// Right to left.
void mirror(Taps& t) {
  std::reverse(t.first.begin(), t.first.end());
  float* const w = t.weights.data();
  for (int64_t a = 0, b = t.outputs - 1; a < b; ++a, --b)
    std::swap_ranges(w + a * t.count, w + (a + 1) * t.count, w + b * t.count);
}

typedef float Four __attribute__((vector_size(16)));
typedef float Eight __attribute__((vector_size(32)));
constexpr int64_t lanes = 8;

/// The weights as MixPixels reads them: for eight outputs, tap by tap, those of 0 and 4, 1 and 5, 2 and 6,
/// 3 and 7, four times each. Outputs are filled up to eight.
void spread(const Taps& t, std::vector<float>& out, std::vector<int32_t>& first) {
  const int64_t blocks = (t.outputs + lanes - 1) / lanes;
  out.assign(size_t(blocks * t.count * 4 * lanes), 0.f);
  first.resize(size_t(blocks * lanes), 0);
  for (int64_t o = 0; o < t.outputs; ++o)
    for (int64_t k = 0; k < t.count; ++k) {
      float* const to =
          out.data() + (o / lanes * t.count + k) * 4 * lanes + o % 4 * lanes + o % lanes / 4 * 4;
      std::fill_n(to, 4, t.weights[size_t(o * t.count + k)]);
    }
}

typedef int32_t Whole __attribute__((vector_size(32)));

/// Sixteen numbers as floats. (Compilers convert bytes to floats one by one; by way of 16 bits they do not.)
template <class T>
struct Sixteen {
  Eight low, high;
  FOVEA_IMAGE_INLINE explicit Sixteen(const T* p) {
    if constexpr (sizeof(T) == 1 && std::endian::native == std::endian::little) {
      typedef uint8_t Octets __attribute__((vector_size(16)));
      typedef uint16_t Words __attribute__((vector_size(16)));
      Octets v;
      std::memcpy(&v, p, sizeof v);
      const auto a = Words(__builtin_shufflevector(v, Octets{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6,
                                                   22, 7, 23)),
                 b = Words(__builtin_shufflevector(v, Octets{}, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                                   14, 30, 15, 31));
      low = __builtin_convertvector(__builtin_convertvector(a, Whole), Eight);
      high = __builtin_convertvector(__builtin_convertvector(b, Whole), Eight);
    } else {
      typedef T Values __attribute__((vector_size(8 * sizeof(T))));
      Values x, y;
      std::memcpy(&x, p, sizeof x), std::memcpy(&y, p + 8, sizeof y);
      if constexpr (std::is_same_v<T, float>) {
        low = x, high = y;
      } else {
        low = __builtin_convertvector(__builtin_convertvector(x, Whole), Eight);
        high = __builtin_convertvector(__builtin_convertvector(y, Whole), Eight);
      }
    }
  }
};

/// sum[i] = the sum over rows k of in[k * stride + i] * w[k].
template <class T>
struct MixRows {
  static FOVEA_IMAGE_INLINE void run(const T* in, int64_t stride, const float* w, int64_t count, float* sum,
                                     int64_t n) {
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
      Eight a{}, b{};
      const T* p = in + i;
      for (int64_t k = 0; k < count; ++k, p += stride) {
        const Sixteen<T> x(p);
        a += x.low * w[k], b += x.high * w[k];
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

/// Pixels of `channels` <= 4 channels, one vector of four each: eight outputs are summed as pairs, turned
/// into channels and stored. Reads 4 numbers for each pixel.
template <int channels>
struct MixPixels {
  static FOVEA_IMAGE_INLINE void run(const float* row, const int32_t* first, const float* weights,
                                     int64_t count, float* out, int64_t outputs, int64_t plane,
                                     const float* scale, const float* shift) {
    for (int64_t o = 0; o < outputs; o += lanes, first += lanes, weights += count * 4 * lanes) {
      const float* from[lanes];
#pragma GCC unroll 8
      for (int64_t i = 0; i < lanes; ++i) from[i] = row + first[i] * channels;
      Eight sum[4] = {};
      const float* w = weights;
      for (int64_t k = 0, at = 0; k < count; ++k, at += channels, w += 4 * lanes) {
#pragma GCC unroll 4
        for (int64_t pair = 0; pair < 4; ++pair) {
          Four low, high;
          Eight weight;
          std::memcpy(&low, from[pair] + at, sizeof low),
              std::memcpy(&high, from[pair + 4] + at, sizeof high);
          std::memcpy(&weight, w + pair * lanes, sizeof weight);
          sum[pair] += __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7) * weight;
        }
      }
      const Eight a = __builtin_shufflevector(sum[0], sum[1], 0, 8, 1, 9, 4, 12, 5, 13),
                  b = __builtin_shufflevector(sum[0], sum[1], 2, 10, 3, 11, 6, 14, 7, 15),
                  c = __builtin_shufflevector(sum[2], sum[3], 0, 8, 1, 9, 4, 12, 5, 13),
                  d = __builtin_shufflevector(sum[2], sum[3], 2, 10, 3, 11, 6, 14, 7, 15);
      const Eight by_channel[4] = {__builtin_shufflevector(a, c, 0, 1, 8, 9, 4, 5, 12, 13),
                                   __builtin_shufflevector(a, c, 2, 3, 10, 11, 6, 7, 14, 15),
                                   __builtin_shufflevector(b, d, 0, 1, 8, 9, 4, 5, 12, 13),
                                   __builtin_shufflevector(b, d, 2, 3, 10, 11, 6, 7, 14, 15)};
      const size_t bytes = size_t(std::min(lanes, outputs - o)) * sizeof(float);
#pragma GCC unroll 4
      for (int64_t ch = 0; ch < channels; ++ch) {
        const Eight y = by_channel[ch] * scale[ch] + shift[ch];
        if (bytes == sizeof y) std::memcpy(out + ch * plane + o, &y, sizeof y);
        else std::memcpy(out + ch * plane + o, &y, bytes);
      }
    }
  }
};

/// Any number of channels.
void mix_pixels(const float* row, const Taps& taps, int64_t channels, float* out, int64_t plane,
                const float* scale, const float* shift) {
  for (int64_t o = 0; o < taps.outputs; ++o) {
    const float* const w = taps.weights.data() + o * taps.count;
    for (int64_t c = 0; c < channels; ++c) {
      const float* const p = row + taps.first[size_t(o)] * channels + c;
      float sum = 0;
      for (int64_t i = 0; i < taps.count; ++i) sum += p[i * channels] * w[i];
      out[c * plane + o] = sum * scale[c] + shift[c];
    }
  }
}

template <class... A>
void mix(int64_t channels, A... args) {
  if (channels == 1) run_fast<MixPixels<1>>(args...);
  else if (channels == 2) run_fast<MixPixels<2>>(args...);
  else if (channels == 3) run_fast<MixPixels<3>>(args...);
  else run_fast<MixPixels<4>>(args...);
}

}  // namespace

Interval needed(int64_t at, int64_t length, int64_t scaled, int64_t begin, int64_t outputs) {
  const double step = double(length) / double(scaled), stretch = std::max(step, 1.0);
  const double first = (double(begin) + 0.5) * step - stretch,
               last = (double(begin + outputs) - 0.5) * step + stretch;
  return {at + std::max<int64_t>(int64_t(std::floor(first)), 0),
          at + std::min(int64_t(std::ceil(last)), length)};
}

void Resampler::run(float* out, const PixelTable& table, const Place& place, const Resampling& r,
                    std::span<const float> scale, std::span<const float> shift) {
  const int64_t channels = table.channels, stride = table.width * channels;
  check(r.height > 0 && r.width > 0 && r.out_top >= 0 && r.out_left >= 0 && r.out_height > 0 &&
            r.out_width > 0 && r.out_top + r.out_height <= r.scaled_height &&
            r.out_left + r.out_width <= r.scaled_width,
        "[resample] the window {} x {} lies outside of {} x {}", r.out_height, r.out_width, r.scaled_height,
        r.scaled_width);
  check(int64_t(scale.size()) == channels && shift.size() == scale.size(),
        "[resample] {} channels want as many scales and shifts, not {} and {}", channels, scale.size(),
        shift.size());
  make_taps(rows_, axis_of(r.top, r.height, r.scaled_height, r.out_top, r.out_height, place.top, place.shrink,
                           table.height));
  make_taps(columns_, axis_of(r.left, r.width, r.scaled_width, r.out_left, r.out_width, place.left,
                              place.shrink, table.width));
  // Of each row only what an output reads; zeros behind it, which weights of 0 read.
  const auto [first, last] = std::minmax_element(columns_.first.begin(), columns_.first.end());
  const int64_t begin = *first, end = std::min(table.width, *last + columns_.count);
  for (int32_t& at : columns_.first) at -= int32_t(begin);
  const int64_t n = (end - begin) * channels;
  row_.assign(size_t(n + (columns_.count + 1) * channels + 4), 0.f);
  if (r.flip) mirror(columns_);
  if (channels <= 4) spread(columns_, spread_, columns_.first);
  for (int64_t y = 0; y < r.out_height; ++y) {
    const int64_t row = rows_.first[size_t(y)];
    for_type(table.dtype, [&](auto zero) {
      using T = decltype(zero);
      run_fast<MixRows<T>>(static_cast<const T*>(table.data) + row * stride + begin * channels, stride,
                           static_cast<const float*>(rows_.weights.data() + y * rows_.count),
                           std::min(rows_.count, table.height - row), row_.data(), n);
    });
    float* const to = out + y * r.out_width;
    const int64_t plane = r.out_height * r.out_width;
    if (channels <= 4)
      mix(channels, static_cast<const float*>(row_.data()),
          static_cast<const int32_t*>(columns_.first.data()), static_cast<const float*>(spread_.data()),
          columns_.count, to, r.out_width, plane, scale.data(), shift.data());
    else mix_pixels(row_.data(), columns_, channels, to, plane, scale.data(), shift.data());
  }
}

void resample_into(float* out, const Tensor& table, const Resampling& r, std::span<const float> scale,
                   std::span<const float> shift) {
  const DType d = table.dtype();
  check(table.rank() == 3 && (d == u8 || d == u16 || d == f32) && table.is_contiguous(),
        "[resample] wants a table (H,W,C) of u8, u16 or f32, not {}", table.describe());
  check(r.top >= 0 && r.left >= 0 && r.top + r.height <= table.size(0) && r.left + r.width <= table.size(1),
        "[resample] {} x {} at row {}, column {} lies outside of {}", r.height, r.width, r.top, r.left,
        table.shape());
  Resampler().run(out, {table.raw(), d, table.size(0), table.size(1), table.size(2)}, {}, r, scale, shift);
}

}  // namespace fovea::data::functional
