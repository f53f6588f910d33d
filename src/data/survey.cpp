// How all files of a set are read, decided by the headers of some.
#include <algorithm>
#include <set>
#include <tuple>

#include "base/file.h"
#include "data/picture.h"
#include "fovea/files.h"

namespace fovea::data {
namespace {

using image::ColorModel;

constexpr int64_t probed = 32;

bool is_gray(ColorModel c) { return c == ColorModel::gray || c == ColorModel::gray_alpha; }

std::string extension_of(const std::string& path) {
  const size_t dot = path.find_last_of("./");
  return dot == path.npos || path[dot] == '/' ? "" : path.substr(dot);
}

/// 32 spread ones, and the first with each extension.
std::vector<std::string> some_of(const std::vector<std::string>& files) {
  std::set<size_t> places;
  std::set<std::string> extensions;
  const auto n = int64_t(files.size()), wanted = std::min(n, probed);
  for (int64_t k = 0; k < wanted; ++k) places.insert(size_t(k * n / wanted));
  for (size_t i = 0; i < files.size(); ++i)
    if (extensions.insert(extension_of(files[i])).second) places.insert(i);
  std::vector<std::string> some;
  for (const size_t i : places) some.push_back(files[i]);
  return some;
}

}  // namespace

void PictureSurvey::add(const image::Header& h) {
  const bool turned = h.orientation >= 5;
  const int64_t height = turned ? h.width() : h.height(), width = turned ? h.height() : h.width();
  if (height_ == 0) height_ = height, width_ = width;
  alike_ &= height == height_ && width == width_;
  const Kind kind{h.color, h.channels(), h.dtype, is_scaled(h), h.frames, h.name};
  for (const Kind& k : kinds_)
    if (k.color == kind.color && k.channels == kind.channels && k.dtype == kind.dtype &&
        k.values == kind.values && k.frames == kind.frames)
      return;
  kinds_.push_back(kind);
}

/// The model in which all have `channels` channels, or 0: as they are.
ColorModel PictureSurvey::color_for(int64_t channels) const {
  const auto any = [&](auto is) { return std::any_of(kinds_.begin(), kinds_.end(), is); };
  const Kind& first = kinds_[0];
  if (any([](const Kind& k) { return k.color == ColorModel::many; })) {
    for (const Kind& k : kinds_)
      check(k.channels == first.channels,
            "{} has {} channels and {} has {}, and channels without colour cannot be converted: make two "
            "sets of them",
            first.first, first.channels, k.first, k.channels);
    check(channels == 0 || channels == first.channels,
          "channels={}: {} has {} channels without colour; give channels={}", channels, first.first,
          first.channels, first.channels);
    return ColorModel::many;
  }
  const bool gray = !any([](const Kind& k) { return !is_gray(k.color); });
  if (channels == 0) return gray ? ColorModel::gray : ColorModel::rgb;
  if (channels == 1) return ColorModel::gray;
  if (channels == 3) return ColorModel::rgb;
  check(any([&](const Kind& k) { return k.channels == channels; }),
        "channels={}: {} has {}; give 1 for gray, 3 for RGB or 0 for what suits all", channels, first.first,
        first.channels);
  if (channels == 2) return ColorModel::gray_alpha;
  return any([](const Kind& k) { return k.color == ColorModel::cmyk; }) ? ColorModel::cmyk : ColorModel::rgba;
}

PictureFormat PictureSurvey::format(const OpenOptions& o) const {
  if (o.format) return *o.format;
  check(!kinds_.empty(), "there is no header to choose a format of pictures by");
  check(o.depth == 0 || o.depth == 16 || o.depth == 32, "depth={} is none of 0 (as they are), 16 and 32",
        o.depth);
  check(o.channels >= 0, "channels={} is no number of channels", o.channels);
  PictureFormat f{.frames = o.frames.value_or(Frames{})};
  const bool stack = f.frames.kind == Frames::channels;
  f.color = color_for(stack ? 0 : o.channels);
  f.channels = f.color == ColorModel::many ? kinds_[0].channels : image::channels_of(f.color);
  if (stack) {
    for (const Kind& k : kinds_)
      check(k.frames == kinds_[0].frames, "frames=channels: {} has {} frames and {} has {}", kinds_[0].first,
            kinds_[0].frames, k.first, k.frames);
    f.channels *= kinds_[0].frames;
    check(o.channels == 0 || o.channels == f.channels, "channels={}: with frames=channels {} has {}",
          o.channels, kinds_[0].first, f.channels);
  }
  f.dtype = o.depth == 32 ? f32 : o.depth == 16 ? u16 : u8;
  f.values = o.depth == 32;
  for (const Kind& k : kinds_) {
    f.values |= k.values;
    if (k.dtype == u16 && f.dtype == u8) f.dtype = u16;
    else if (k.dtype != u8 && k.dtype != u16) f.dtype = f32;
  }
  if (f.values) f.dtype = f32;
  return f;
}

std::vector<std::string> PictureSurvey::warnings(const PictureFormat& f, const OpenOptions& o) const {
  std::vector<std::string> all;
  const Kind& first = kinds_[0];
  const auto warn_of_first = [&](auto is, auto text) {
    const auto found = std::find_if(kinds_.begin(), kinds_.end(), is);
    if (found != kinds_.end()) all.push_back(text(*found));
  };
  warn_of_first([&](const Kind& k) { return k.dtype != first.dtype; },
                [&](const Kind& k) {
                  return fmt::format("{} holds {} numbers and {} {}: all are read as {}", first.first,
                                     name_of(first.dtype), k.first, name_of(k.dtype), name_of(f.dtype));
                });
  warn_of_first([&](const Kind& k) { return k.values != first.values; },
                [&](const Kind& k) {
                  const auto& [scaled, plain] = k.values ? std::tie(k, first) : std::tie(first, k);
                  return fmt::format(
                      "{} has a scale for its numbers and {} has none: values stand beside plain numbers",
                      scaled.first, plain.first);
                });
  warn_of_first([](const Kind& k) { return k.dtype == i32 || k.dtype == i64 || k.dtype == f64; },
                [](const Kind& k) {
                  return fmt::format(
                      "{} holds {} numbers, which are read as f32: beyond 24 bits they are rounded", k.first,
                      name_of(k.dtype));
                });
  warn_of_first([&](const Kind& k) { return k.frames > 1 && !o.frames; },
                [](const Kind& k) {
                  return fmt::format(
                      "{} holds {} frames, of which the first is read; frames=each makes each an "
                      "example, frames=channels makes them channels",
                      k.first, k.frames);
                });
  return all;
}

PictureSurvey survey_files(const std::vector<std::string>& files, const OpenOptions& options) {
  PictureSurvey survey;
  std::string first_error;
  const Frames frames = options.format ? options.format->frames : options.frames.value_or(Frames{});
  const int64_t frame = frames.kind == Frames::one ? frames.index : 0;
  const std::vector<std::string> some = some_of(files);
  for (const std::string& path : some) {
    try {
      survey.add(image::probe(read_file(path), path, {.frame = frame}));
    } catch (const Error& e) {
      if (first_error.empty()) first_error = e.what();
    }
  }
  check(!survey.empty(), "none of {} images can be read: {}", some.size(), first_error);
  return survey;
}

}  // namespace fovea::data
