// What image.h reads as several pictures of one file: animated GIF, WebP and PNG, stacks of pages and slices.
#include <algorithm>
#include <cmath>

#include "video/stream.h"

namespace fovea::video {
namespace {

/// Times of pictures are whole milliseconds, or of GIF hundredths of a second.
constexpr int64_t ticks = 1000;
constexpr int64_t kept_bytes = int64_t{256} << 20;

class AnimationStream : public IndexedStream {
 public:
  AnimationStream(const Place& place, const Options& options)
      : bytes_(place.content->all()), options_(options) {
    header = header_of(place, "");
    const image::Header first = image::probe(bytes_, place.path, read_options(0));
    header.container = header.codec = first.format;
    header.pixel_format = image::name_of(first.color);
    header.depth = first.depth, header.dtype = first.dtype, header.frames = first.frames;
    const bool turned = first.orientation >= 5;
    header.height = turned ? first.width() : first.height();
    header.width = turned ? first.height() : first.width();
    header.color = frame_color(first.color);
    header.channels =
        header.color == image::ColorModel::many ? first.channels() : image::channels_of(header.color);
    check_size(header, options.limits);
    set_times(first);
  }

 protected:
  Tensor at(int64_t index) override {
    if (index < first_ || index >= first_ + int64_t(window_.size())) load(index);
    const Tensor& pixels = window_[size_t(index - first_)];
    check(pixels.shape() == header.frame_shape() && pixels.dtype() == header.dtype,
          "{} frame {} is {}, the first one {} {}", header.name, index, pixels.describe(),
          fovea::name_of(header.dtype), header.frame_shape());
    return pixels.clone();
  }

  double time_of(int64_t index) const override {
    return starts_.empty() ? double(index) / header.rate.value() : double(starts_[size_t(index)]) / ticks;
  }

 private:
  image::ReadOptions read_options(int64_t frame) const { return {.frame = frame, .limits = options_.limits}; }

  /// Decodes a window from `index` on; returns the headers of its pictures.
  std::vector<image::Header> load(int64_t index) {
    const int64_t bytes = std::max<int64_t>(1, header.frame_shape().numel() * int64_t(size_of(header.dtype)));
    const int64_t most = std::max<int64_t>(1, std::min(kept_bytes, options_.limits.bytes) / (2 * bytes));
    std::vector<image::Header> headers;
    window_.clear();
    first_ = index;
    for (const image::Image& picture : image::decode_frames(bytes_, header.name, read_options(index), most)) {
      window_.push_back(frame_of(picture));
      headers.push_back(picture);
    }
    return headers;
  }

  /// Animations have a time for each frame, of which only decoding tells; stacks at most one for all.
  void set_times(const image::Header& first) {
    const bool moving = first.format == "gif" || first.format == "webp" || first.format == "png";
    if (!moving) {
      header.rate =
          first.duration > 0 ? reduced(std::llround(1e6), std::llround(1e6 * first.duration)) : options_.rate;
      header.time_base = {header.rate.den, header.rate.num};
      header.duration = double(header.frames) / header.rate.value();
      return;
    }
    int64_t now = 0, shortest = INT64_MAX, longest = 0;
    while (int64_t(starts_.size()) < header.frames)
      for (const image::Header& picture : load(int64_t(starts_.size()))) {
        // Browsers show frames of no duration for a tenth of a second.
        const int64_t shown = std::llround((picture.duration < 0.015 ? 0.1 : picture.duration) * ticks);
        starts_.push_back(now);
        now += shown, shortest = std::min(shortest, shown), longest = std::max(longest, shown);
      }
    if (shortest != longest) header.entries.emplace_back("rate", "varies; the mean is told");
    header.rate = reduced(header.frames * ticks, now);
    header.time_base = {1, ticks};
    header.duration = double(now) / ticks;
  }

  Bytes bytes_;
  Options options_;
  int64_t first_ = 0;           // of the window
  std::vector<Tensor> window_;  // decoded ahead
  std::vector<int64_t> starts_;
};

}  // namespace

const Backend animation_backend{
    "pictures in one file",
    [](const Place& place) { return place.content && image::is_image_name(place.path); },
    [](const Place& place, const Options& options) -> std::unique_ptr<Stream> {
      return std::make_unique<AnimationStream>(place, options);
    }};

}  // namespace fovea::video
