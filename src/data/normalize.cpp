#include "fovea/normalize.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "data/picture.h"
#include "fovea/files.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

constexpr uint64_t place_stream = uint64_t{0xD3} << 56;
constexpr int64_t sampled_files = 256, sampled_pixels = 4096;
constexpr const char* known =
    "set, none, range:LOW..HIGH, window:CENTER/WIDTH, window, percentiles:LOW..HIGH, mean:M/M/M,std:S/S/S";

/// The numbers of `part` between separators: `wanted` of them, or any if that is 0.
std::vector<double> numbers(const std::string& text, const std::string& part, std::string_view separator,
                            size_t wanted) {
  std::vector<double> all;
  bool good = true;
  for (size_t at = 0; good && at <= part.size();) {
    const size_t end = std::min(part.find(separator, at), part.size());
    const auto [next, error] = std::from_chars(part.data() + at, part.data() + end, all.emplace_back());
    good = error == std::errc{} && next == part.data() + end && std::isfinite(all.back());
    at = end + separator.size();
  }
  check(good && (wanted == 0 || all.size() == wanted), "normalize={}: '{}' is not {}", text, part,
        wanted == 0 ? "numbers as 0.5/0.4/0.3" : fmt::format("two numbers with {} between them", separator));
  return all;
}

Range range_of(const std::string& text, double low, double high) {
  check(low < high, "normalize={}: the range {}..{} is empty", text, low, high);
  return {float(low), float(high)};
}

void read_part(const std::string& text, const std::string& part, NormalizeOptions& how,
               Normalization& figures) {
  const size_t colon = part.find(':');
  const std::string name = part.substr(0, colon), rest = colon == part.npos ? "" : part.substr(colon + 1);
  const auto two = [&](std::string_view separator) { return numbers(text, rest, separator, 2); };
  const auto many = [&] {
    const auto all = numbers(text, rest, "/", 0);
    return std::vector<float>(all.begin(), all.end());
  };
  check(!(how.has_range() && (name == "range" || name == "window" || name == "percentiles")),
        "normalize={}: one range is enough", text);
  if (part == "set" || part == "none") {
    if (part == "none") figures = {{0}, {1}};
  } else if (part == "window") {
    how.own_window = true;
  } else if (name == "range") {
    const auto v = two("..");
    how.range = range_of(text, v[0], v[1]);
  } else if (name == "window") {
    const auto v = two("/");
    how.range = range_of(text, v[0] - v[1] / 2, v[0] + v[1] / 2);
  } else if (name == "percentiles") {
    const auto v = two("..");
    how.percentiles = range_of(text, v[0], v[1]);
    check(v[0] >= 0 && v[1] <= 100, "normalize={}: percentiles are within 0..100", text);
  } else if (name == "mean") {
    figures.mean = many();
  } else if (name == "std") {
    figures.std = many();
    for (const float s : figures.std) check(s > 0, "normalize={}: a deviation of {} is not above 0", text, s);
  } else {
    fail("normalize={}: '{}' is none of {}", text, part, known);
  }
}

/// Some numbers of each channel of some files.
std::vector<std::vector<float>> sample(const FileDataset& set, const PictureFormat& format) {
  std::vector<std::vector<float>> all(size_t(format.channels));
  const int64_t wanted = std::min(set.size(), sampled_files);
  std::string first_error;
  for (int64_t k = 0; k < wanted; ++k) {
    try {
      const Tensor x = set.numbers(k * set.size() / wanted, format).pixels.contiguous();
      const int64_t pixels = x.size(0) * x.size(1);
      Generator random(0, place_stream | uint64_t(k));
      for (int64_t i = 0; i < std::min(pixels, sampled_pixels); ++i) {
        const int64_t place = pixels <= sampled_pixels ? i : int64_t(random.below(uint64_t(pixels)));
        for (int64_t c = 0; c < format.channels; ++c)
          if (const float v = x.data<float>()[place * format.channels + c]; std::isfinite(v))
            all[size_t(c)].push_back(v);
      }
    } catch (const Error& e) {
      if (first_error.empty()) first_error = e.what();
    }
  }
  for (const auto& channel : all)
    check(!channel.empty(), "no example of {} has numbers to measure: {}", set.name(), first_error);
  return all;
}

/// Between the two nearest of sorted values, as numpy.percentile.
double percentile(const std::vector<float>& sorted, double percent) {
  const double at = percent / 100 * double(sorted.size() - 1), part = at - std::floor(at);
  const auto i = size_t(at);
  return double(sorted[i]) + part * (double(sorted[std::min(i + 1, sorted.size() - 1)]) - double(sorted[i]));
}

}  // namespace

std::optional<Normalization> NormalizeOptions::figures_for(int64_t channels) const {
  if (!figures) return {};
  const auto spread = [&](const std::vector<float>& v) {
    check(v.size() == 1 || int64_t(v.size()) == channels, "normalize: {} numbers do not fit {} channels",
          v.size(), channels);
    return v.size() == 1 ? std::vector<float>(size_t(channels), v[0]) : v;
  };
  return Normalization{spread(figures->mean), spread(figures->std)};
}

NormalizeOptions parse_normalize(const std::string& text) {
  NormalizeOptions how;
  Normalization figures;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    read_part(text, trimmed(text.substr(at, end - at)), how, figures);
    at = end + 1;
  }
  check(figures.mean.empty() == figures.std.empty(), "normalize={}: mean and std stand together", text);
  if (!figures.mean.empty()) how.figures = figures;
  return how;
}

PictureFormat with_range(const Dataset& train, const NormalizeOptions& how) {
  const auto* const set = dynamic_cast<const FileDataset*>(&train);
  check(set, "a range to normalize by wants image files, and {} has none", train.name());
  PictureFormat format = *set->format();
  format.own_window = how.own_window;
  format.range.clear();
  if (how.has_range()) format.dtype = f32;
  if (how.range) format.range = {*how.range};
  if (!how.percentiles) return format;
  std::vector<std::vector<float>> numbers = sample(*set, format);
  for (std::vector<float>& channel : numbers) {
    std::sort(channel.begin(), channel.end());
    const double low = percentile(channel, double(how.percentiles->low)),
                 high = percentile(channel, double(how.percentiles->high));
    format.range.push_back({float(low), float(high > low ? high : low + 1)});
  }
  return format;
}

}  // namespace fovea::data
