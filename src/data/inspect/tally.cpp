#include "data/inspect/tally.h"

#include <algorithm>
#include <map>

namespace fovea::data {
namespace {

template <class F>
std::vector<Tally> counted(const Inspection& in, const F& text_of) {
  std::map<std::string, int64_t> counts;
  for (const Facts& f : in.examples)
    if (f.error.empty()) ++counts[text_of(f)];
  std::vector<Tally> out;
  for (const auto& [name, count] : counts) out.push_back({name, count});
  std::stable_sort(out.begin(), out.end(), [](const Tally& a, const Tally& b) { return a.count > b.count; });
  return out;
}

}  // namespace

std::vector<Tally> formats_of(const Inspection& in) {
  return counted(in, [](const Facts& f) { return f.format.empty() ? std::string("in memory") : f.format; });
}

std::vector<Tally> kinds_of(const Inspection& in) { return counted(in, kind_of); }

std::vector<Tally> aspects_of(const Inspection& in) {
  std::vector<Tally> out{{"below 1:2"},  {"1:2 to 3:4"}, {"3:4 to 1:1"}, {"1:1"},
                         {"1:1 to 4:3"}, {"4:3 to 2:1"}, {"above 2:1"}};
  for (const Facts& f : in.examples) {
    if (!f.error.empty()) continue;
    const int64_t w = f.width, h = f.height;
    ++out[2 * w < h        ? 0
          : 4 * w < 3 * h  ? 1
          : w < h          ? 2
          : w == h         ? 3
          : 3 * w <= 4 * h ? 4
          : w <= 2 * h     ? 5
                           : 6]
          .count;
  }
  return out;
}

std::vector<Tally> brightness_of(const Inspection& in) {
  std::vector<Tally> out;
  for (int i = 0; i < 10; ++i) out.push_back({fmt::format("{:.1f} to {:.1f}", i / 10., (i + 1) / 10.)});
  bool any = false;
  for (const Facts& f : in.examples)
    if (f.error.empty() && (f.dtype == u8 || f.dtype == u16))
      ++out[std::min(size_t(f.mean * 10), size_t{9})].count, any = true;
  return any ? out : std::vector<Tally>{};
}

std::vector<std::string> sizes_of(const Inspection& in) {
  std::vector<const Facts*> by_area;
  for (const Facts& f : in.examples)
    if (f.error.empty()) by_area.push_back(&f);
  if (by_area.empty()) return {};
  std::stable_sort(by_area.begin(), by_area.end(), [](const Facts* a, const Facts* b) {
    return a->height * a->width < b->height * b->width;
  });
  std::vector<std::string> out;
  for (const Facts* f : {by_area.front(), by_area[by_area.size() / 2], by_area.back()})
    out.push_back(fmt::format("{}x{}", f->width, f->height));
  return out;
}

int64_t bytes_of(const Inspection& in) {
  int64_t bytes = 0;
  for (const Facts& f : in.examples) bytes += f.bytes;
  return bytes;
}

std::string kind_of(const Facts& f) {
  return fmt::format(
      "{} of {} bit{}{}",
      f.color == image::ColorModel::many ? fmt::format("{} channels", f.channels) : image::name_of(f.color),
      f.depth, f.depth == 1 ? "" : "s", is_integer(f.dtype) || f.dtype == u8 ? "" : " real");
}

std::string bytes_text(int64_t bytes) {
  double b = double(bytes);
  const char* const units[] = {"bytes", "KB", "MB", "GB", "TB"};
  size_t unit = 0;
  for (; b >= 1000 && unit < 4; ++unit) b /= 1000;
  return fmt::format("{:.3g} {}", b, units[unit]);
}

std::string channel_name(const Inspection& in, size_t channel) {
  std::map<image::ColorModel, int64_t> models;
  for (const Facts& f : in.examples)
    if (f.error.empty() && size_t(f.channels) == in.channels.size()) ++models[f.color];
  if (models.size() != 1) return fmt::format("channel {}", channel);
  static const std::map<image::ColorModel, std::vector<const char*>> names{
      {image::ColorModel::gray, {"gray"}},
      {image::ColorModel::gray_alpha, {"gray", "alpha"}},
      {image::ColorModel::rgb, {"red", "green", "blue"}},
      {image::ColorModel::rgba, {"red", "green", "blue", "alpha"}},
      {image::ColorModel::cmyk, {"cyan", "magenta", "yellow", "black"}}};
  const auto found = names.find(models.begin()->first);
  return found == names.end() ? fmt::format("channel {}", channel) : found->second[channel];
}

const char* heading_of(Oddity kind) {
  constexpr const char* headings[] = {"LEAK: of the validation split, but in the training split too",
                                      "contradictory labels",
                                      "unreadable",
                                      "cannot be read as the rest of the set is",
                                      "numbers that are not finite",
                                      "constant",
                                      "there twice",
                                      "look alike",
                                      "odd brightness",
                                      "odd size",
                                      "odd kind",
                                      "a name that lies about the format",
                                      "turned by Exif"};
  return headings[size_t(kind)];
}

}  // namespace fovea::data
