#include "data/inspect/look.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"

namespace fovea::data {
namespace {

/// Integers add up exactly: 2^32 numbers of 16 bits fit.
template <class T>
Moments integer_moments(const T* p, int64_t pixels, int64_t step, double scale) {
  uint64_t sum = 0, squares = 0;
  T low = std::numeric_limits<T>::max(), high = 0;
  for (int64_t i = 0; i < pixels; ++i) {
    const T x = p[i * step];
    sum += x, squares += uint64_t(x) * x, low = std::min(low, x), high = std::max(high, x);
  }
  return {double(sum) * scale, double(squares) * scale * scale, low * scale, high * scale, pixels, 0};
}

Moments float_moments(const float* p, int64_t pixels, int64_t step) {
  Moments m;
  for (int64_t i = 0; i < pixels; ++i) {
    const double x = p[i * step];
    if (!std::isfinite(x)) {
      ++m.not_finite;
      continue;
    }
    m.sum += x, m.squares += x * x, m.low = std::min(m.low, x), m.high = std::max(m.high, x), ++m.count;
  }
  return m;
}

/// "a.png: it is truncated" says its name beside it already.
std::string without_name(std::string reason, const std::string& name) {
  for (size_t at; !name.empty() && (at = reason.find(name)) != reason.npos;) {
    size_t end = at + name.size();
    while (end < reason.size() && (reason[end] == ':' || reason[end] == ' ')) ++end;
    reason.erase(at, end - at);
  }
  return reason;
}

void describe(Facts& f, const image::Image& picture) {
  f.format = picture.format, f.color = picture.color, f.dtype = picture.dtype, f.depth = picture.depth;
  f.channels = picture.channels(), f.orientation = picture.orientation;
  f.height = picture.height(), f.width = picture.width(), f.frames = picture.frames;
  f.pixel_hash = hash_of(picture);
}

}  // namespace

void Moments::add(const Moments& other) {
  sum += other.sum, squares += other.squares, count += other.count, not_finite += other.not_finite;
  low = std::min(low, other.low), high = std::max(high, other.high);
}

double Moments::std() const {
  return count > 0 ? std::sqrt(std::max(0., squares / double(count) - mean() * mean())) : 0;
}

std::vector<Moments> moments_of(const Tensor& pixels) {
  const Tensor table = image::to_computable(pixels).contiguous();
  const int64_t channels = table.size(2), n = table.numel() / channels;
  std::vector<Moments> out;
  for (int64_t c = 0; c < channels; ++c) {
    if (table.dtype() == u8) out.push_back(integer_moments(table.data<uint8_t>() + c, n, channels, 1 / 255.));
    else if (table.dtype() == u16)
      out.push_back(integer_moments(table.data<uint16_t>() + c, n, channels, 1 / 65535.));
    else out.push_back(float_moments(table.data<float>() + c, n, channels));
  }
  return out;
}

Looked look_at(const Collection& collection, Place place) {
  Looked out;
  Facts& f = out.facts;
  f.where = collection.where(place), f.split = place.split, f.index = place.index;
  f.label = collection.label(place);
  try {
    image::Image picture;
    if (collection.is_file(place)) {
      const Bytes bytes = read_file(f.where);
      f.bytes = int64_t(bytes.size());
      picture = image::decode(bytes, f.where);
      describe(f, picture);
      f.misfit = without_name(collection.misfit(place, bytes, picture), f.where);
      if (picture.frames > 1) f.pixel_hash = hash_of(bytes);  // the other frames may differ
    } else {
      picture = collection.picture(place);
      describe(f, picture);
    }
    out.channels = moments_of(picture.pixels);
    if (picture.frames == 1 && picture.height() > 1) out.look = look_of(picture);
    Moments all;
    f.constant = true;
    for (const Moments& m : out.channels) all.add(m), f.constant &= m.low >= m.high;
    f.mean = all.mean(), f.low = all.low, f.high = all.high, f.not_finite = all.not_finite;
  } catch (const std::exception& e) {
    out.channels.clear();
    f.error = without_name(e.what(), f.where);
  }
  return out;
}

}  // namespace fovea::data
