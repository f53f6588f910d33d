// What depends on the distribution of a channel's values: autocontrast, equalize, CLAHE. Numbers of f32 are
// counted in 65536 bins, those of u16 and u8 in one bin each.
#include <cmath>

#include "data/functional/planes.h"

namespace fovea::data::functional {
namespace {

using Histogram = std::vector<int32_t>;

template <class T>
constexpr int64_t bins = sizeof(T) == 1 ? 256 : 65536;

template <class T>
size_t bin_of(T v) {
  if constexpr (std::is_integral_v<T>) return v;
  else return size_t(std::clamp(v, 0.f, 1.f) * 65535.f + 0.5f);
}

/// A number of 0..bins - 1 as one of the type.
template <class T>
T value_of(double bin) {
  if constexpr (std::is_integral_v<T>) return T(bin);
  else return float(bin / 65535);
}

template <class T>
Histogram histogram(const T* in, int64_t n) {
  Histogram counts(bins<T>, 0);
  for (int64_t i = 0; i < n; ++i) ++counts[bin_of(in[i])];
  return counts;
}

/// For each bin the value it becomes; empty if the channel should stay as it is.
template <class T>
std::vector<T> equalizing_table(const Histogram& counts, int64_t n) {
  int64_t last = bins<T> - 1;
  while (counts[size_t(last)] == 0) --last;
  const int64_t others = n - counts[size_t(last)], step = others / 255;
  if (others == 0 || (sizeof(T) == 1 && step == 0)) return {};
  std::vector<T> table(bins<T>);
  int64_t below = 0;
  for (int64_t k = 0; k < bins<T>; below += counts[size_t(k++)]) {
    if constexpr (sizeof(T) == 1) table[size_t(k)] = T(std::min<int64_t>((below + step / 2) / step, 255));
    else
      table[size_t(k)] =
          value_of<T>(std::min(std::floor(double(below) * 65535 / double(others) + 0.5), 65535.));
  }
  return table;
}

template <class T>
struct Stretch {
  float low, scale;
  FOVEA_IMAGE_INLINE T operator()(T x) const { return clamped<T>((float(x) - low) / scale); }
};

template <class T>
struct Extremes {
  static FOVEA_IMAGE_INLINE void run(const T* in, int64_t n, T* low, T* high) {
    T a = in[0], b = in[0];
    for (int64_t i = 1; i < n; ++i) a = in[i] < a ? in[i] : a, b = in[i] > b ? in[i] : b;
    *low = a, *high = b;
  }
};

/// The clipped, equalising table of one tile, as OpenCV: what is cut off is spread evenly, the rest of the
/// division over equally spaced bins.
template <class T>
void tile_table(Histogram counts, int64_t clip, int64_t n, float* table) {
  if (clip > 0) {
    int64_t cut = 0;
    for (int32_t& c : counts)
      if (c > clip) cut += c - clip, c = int32_t(clip);
    const int64_t each_gets = cut / bins<T>;
    int64_t rest = cut - each_gets * bins<T>;
    for (int32_t& c : counts) c += int32_t(each_gets);
    if (rest > 0) {
      const int64_t step = std::max<int64_t>(bins<T> / rest, 1);
      for (int64_t i = 0; i < bins<T> && rest > 0; i += step, --rest) ++counts[size_t(i)];
    }
  }
  const float scale = float(bins<T> - 1) / float(n);
  int64_t sum = 0;
  for (int64_t i = 0; i < bins<T>; ++i)
    table[i] = float(rounded<uint16_t>(float(sum += counts[size_t(i)]) * scale));
}

struct Grid {
  int64_t height, width, rows, columns;  // of the image, and its tiles
  int64_t tile_height() const { return (height + rows - 1) / rows; }
  int64_t tile_width() const { return (width + columns - 1) / columns; }
};

/// The tables of all tiles; an image that they do not divide goes on mirrored.
template <class T>
std::vector<float> tile_tables(const T* in, const Grid& g, double clip_limit) {
  const auto mirrored = [](int64_t at, int64_t n) {
    return at < n ? at : std::max<int64_t>(2 * (n - 1) - at, 0);
  };
  const int64_t n = g.tile_height() * g.tile_width();
  const int64_t clip = clip_limit > 0 ? std::max<int64_t>(int64_t(clip_limit * double(n) / bins<T>), 1) : 0;
  std::vector<float> tables(size_t(g.rows * g.columns * bins<T>));
  for (int64_t r = 0; r < g.rows; ++r)
    for (int64_t c = 0; c < g.columns; ++c) {
      Histogram counts(bins<T>, 0);
      for (int64_t y = 0; y < g.tile_height(); ++y)
        for (int64_t x = 0; x < g.tile_width(); ++x)
          ++counts[bin_of(in[mirrored(r * g.tile_height() + y, g.height) * g.width +
                             mirrored(c * g.tile_width() + x, g.width)])];
      tile_table<T>(std::move(counts), clip, n, tables.data() + (r * g.columns + c) * bins<T>);
    }
  return tables;
}

/// Between which two tiles a position lies, and how near to the second.
struct Between {
  int64_t first, second;
  float weight;
  Between(int64_t at, int64_t tile, int64_t tiles) {
    const float f = float(at) / float(tile) - 0.5f;
    const int64_t k = int64_t(std::floor(f));
    weight = f - float(k), first = std::max<int64_t>(k, 0), second = std::min(k + 1, tiles - 1);
  }
};

template <class T>
void equalize_tiles(const T* in, T* out, const Grid& g, double clip_limit) {
  const std::vector<float> tables = tile_tables(in, g, clip_limit);
  for (int64_t y = 0; y < g.height; ++y) {
    const Between row(y, g.tile_height(), g.rows);
    for (int64_t x = 0; x < g.width; ++x, ++in, ++out) {
      const Between column(x, g.tile_width(), g.columns);
      const size_t bin = bin_of(*in);
      const auto at = [&](int64_t r, int64_t c) {
        return tables[size_t((r * g.columns + c) * bins<T>) + bin];
      };
      const float u = column.weight, v = row.weight;
      const float value =
          (at(row.first, column.first) * (1 - u) + at(row.first, column.second) * u) * (1 - v) +
          (at(row.second, column.first) * (1 - u) + at(row.second, column.second) * u) * v;
      *out = value_of<T>(std::is_integral_v<T> ? std::nearbyint(value) : value);
    }
  }
}

}  // namespace

Tensor autocontrast(const Tensor& image) {
  const Tensor x = planes_of(image, "autocontrast"), out = like(x);
  const int64_t n = x.size(1) * x.size(2);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t c = 0; c < x.size(0); ++c) {
      const T* const in = x.data<T>() + c * n;
      T low, high;
      run_fast<Extremes<T>>(in, n, &low, &high);
      const bool flat = low == high;
      const Stretch<T> stretch{flat ? 0.f : float(low),
                               flat ? 1.f : (float(high) - float(low)) * (1.f / bound_of<T>())};
      each(in, out.data<T>() + c * n, n, stretch);
    }
  });
  return out;
}

Tensor equalize(const Tensor& image) {
  const Tensor x = planes_of(image, "equalize"), out = like(x);
  const int64_t n = x.size(1) * x.size(2);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t c = 0; c < x.size(0); ++c) {
      const T* const in = x.data<T>() + c * n;
      T* const to = out.data<T>() + c * n;
      const auto table = equalizing_table<T>(histogram(in, n), n);
      if (table.empty()) std::copy_n(in, n, to);
      else
        for (int64_t i = 0; i < n; ++i) to[i] = table[bin_of(in[i])];
    }
  });
  return out;
}

Tensor clahe(const Tensor& image, double clip_limit, Size tiles) {
  const Tensor x = planes_of(image, "clahe"), out = like(x);
  const Grid grid{x.size(1), x.size(2), tiles.height, tiles.width};
  check(tiles.height > 0 && tiles.width > 0 && grid.tile_height() * (tiles.height - 1) < grid.height &&
            grid.tile_width() * (tiles.width - 1) < grid.width,
        "[clahe] an image {} cannot be cut into {} x {} tiles", x.shape(), tiles.height, tiles.width);
  check(clip_limit >= 0, "[clahe] clip limit {} is below 0 (0: none)", clip_limit);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t c = 0; c < x.size(0); ++c)
      equalize_tiles(x.data<T>() + c * grid.height * grid.width, out.data<T>() + c * grid.height * grid.width,
                     grid, clip_limit);
  });
  return out;
}

}  // namespace fovea::data::functional
