// Y4M, uncompressed: a line of facts, then frames of one size, each after a line of its own.
#include "image/format/y4m.h"

#include "video/stream.h"

namespace fovea::video {
namespace {

class Y4mStream : public IndexedStream {
 public:
  Y4mStream(const Place& place, const Options& options)
      : content_(place.content), file_(image::y4m_header(place.start, place.path)) {
    header = header_of(place, "y4m");
    header.codec = "rawvideo", header.pixel_format = file_.pixel_format();
    header.width = file_.layout.width, header.height = file_.layout.height;
    set_color(header, file_.layout.gray() ? image::ColorModel::gray : image::ColorModel::rgb);
    header.depth = file_.layout.depth, header.dtype = file_.layout.depth > 8 ? u16 : u8;
    header.rate = file_.rate > 0 ? reduced(file_.rate, file_.rate_scale) : options.rate;
    header.time_base = {header.rate.den, header.rate.num};
    if (file_.interlaced) header.entries.emplace_back("interlaced", "yes");
    check_size(header, options.limits);
    find_frames(options.limits.frames);
    header.frames = int64_t(starts_.size());
    header.duration = double(header.frames) / header.rate.value();
  }

 protected:
  Tensor at(int64_t index) override {
    return image::pixels_of_yuv(content_->read(starts_[size_t(index)], size_t(file_.layout.bytes())),
                                file_.layout);
  }

 private:
  void find_frames(int64_t most) {
    const size_t bytes = size_t(file_.layout.bytes());
    size_t at = file_.bytes;
    for (; at < content_->size() && broken_.empty(); at += bytes) {
      check(int64_t(starts_.size()) < most, "{} has more than the limit of {} frames", header.name, most);
      try {
        at += image::y4m_frame_line(line_at(at), header.name, at);
      } catch (const Error& e) {
        broken_ = e.what();
        break;
      }
      if (content_->size() - at < bytes)
        broken_ = fmt::format("{} is truncated in frame {}", header.name, starts_.size());
      else starts_.push_back(at);
    }
    check(!starts_.empty(), "{}", broken_.empty() ? header.name + " is a Y4M file without frames" : broken_);
    if (!broken_.empty()) header.entries.emplace_back("warning", broken_);
  }

  /// Short as it usually is, long if need be.
  Bytes line_at(size_t at) const {
    Bytes line = content_->read(at, 64);
    return std::find(line.begin(), line.end(), '\n') != line.end() ? line : content_->read(at, 4096);
  }

  std::shared_ptr<Pieces> content_;
  image::Y4mHeader file_;
  std::vector<size_t> starts_;
};

}  // namespace

const Backend y4m_backend{"y4m", [](const Place& place) { return image::is_y4m(place.start); },
                          [](const Place& place, const Options& options) -> std::unique_ptr<Stream> {
                            return std::make_unique<Y4mStream>(place, options);
                          }};

}  // namespace fovea::video
