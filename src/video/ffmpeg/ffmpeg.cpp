// Videos through FFmpeg. Frames are numbered as they are shown; a table of their times, made when it is first
// wanted, says where to start decoding for any of them. This folder is a module of its own (base/module.h).
#include "video/ffmpeg.h"

#include "video/ffmpeg/decoder.h"
#include "video/ffmpeg/timeline.h"

extern "C" {
#include <libavutil/display.h>
}

#include <cmath>

namespace fovea::video {
namespace {

/// Quarter turns clockwise that bring the frames upright, as phones tell them.
int turns_of(const AVStream* stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 100)
  const AVPacketSideData* const side = av_packet_side_data_get(
      stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  const uint8_t* const matrix = side && side->size >= 36 ? side->data : nullptr;
#else
  size_t size = 0;
  const uint8_t* matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (size < 36) matrix = nullptr;
#endif
  if (!matrix) return 0;
  const double degrees = av_display_rotation_get(reinterpret_cast<const int32_t*>(matrix));  // anticlockwise
  return std::isfinite(degrees) ? int(std::lround(-degrees / 90) & 3) : 0;
}

constexpr int64_t lost = INT64_MAX;  // a position behind every frame

class FfmpegStream : public Stream {
 public:
  FfmpegStream(const Place& place, const Options& options) : place_(place), options_(options) {
    header = header_of(place, "");
    open();
    turns_ = turns_of(decoder_->stream());
    describe();
  }

  bool next(Frame& frame) override {
    const AVFrame* const picture = picture_to_show();
    if (!picture) return false;
    frame.index = position_++;
    frame.time = time_of(*picture, frame.index);
    frame.pixels = upright(maker_.make(*picture, stored_));
    return true;
  }

  void seek(int64_t frame) override;
  void count() override { timeline(); }

 private:
  void open() {
    decoder_ = std::make_unique<Decoder>(place_, options_);
    position_ = started_at_ = 0;
    ahead_ = decoder_->next();
    check(ahead_ != nullptr, "{} holds a video without frames", place_.path);
  }
  void describe();
  const Timeline& timeline();
  const AVFrame* picture_to_show();
  const AVFrame* take();
  void reach(int64_t frame, int64_t below);
  void read_on(int64_t frame);
  bool go_to(int64_t frame, int64_t start);
  double time_of(const AVFrame& picture, int64_t index) const;
  Tensor upright(const Tensor& pixels) const {
    constexpr int orientations[]{1, 6, 3, 8};  // as Exif calls them
    if (turns_ == 0) return pixels;
    image::Image picture(pixels);
    picture.orientation = orientations[turns_];
    return image::upright(picture);
  }

  Place place_;
  Options options_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<Timeline> timeline_;
  PictureMaker maker_;
  Header stored_;                   // as the frames are before they are turned
  const AVFrame* ahead_ = nullptr;  // decoded already
  int64_t position_ = 0;            // of what next() gives
  int64_t started_at_ = 0;          // the frame that decoding started with
  int64_t first_time_ = 0;
  int turns_ = 0;
};

void FfmpegStream::describe() {
  const AVStream* const stream = decoder_->stream();
  header.container = decoder_->container();
  header.codec = avcodec_get_name(stream->codecpar->codec_id);
  header.seekable = decoder_->seekable();
  maker_.describe(*ahead_, header);
  check_size(header, options_.limits);
  const AVRational rate = stream->avg_frame_rate.num > 0 ? stream->avg_frame_rate : stream->r_frame_rate;
  if (rate.num > 0 && rate.den > 0) header.rate = reduced(rate.num, rate.den);
  header.time_base = {stream->time_base.num, stream->time_base.den};
  first_time_ = ahead_->best_effort_timestamp;
  const bool known = stream->duration > 0;
  header.duration = known ? double(stream->duration) * av_q2d(stream->time_base) : decoder_->duration();
  const double estimate = header.duration * header.rate.value();
  header.frames = stream->nb_frames > 0 ? stream->nb_frames
                  : estimate >= 1       ? std::llround(std::min(estimate, 1e12))
                                        : -1;
  header.frames_exact = false;
  if (!header.seekable) header.frames = -1, header.frames_exact = true;
  if (stream->codecpar->field_order > AV_FIELD_PROGRESSIVE) header.entries.emplace_back("interlaced", "yes");
  const AVRational aspect = stream->codecpar->sample_aspect_ratio;
  if (aspect.num > 0 && aspect.num != aspect.den)
    header.entries.emplace_back("shape of a pixel", fmt::format("{}:{}", aspect.num, aspect.den));
  if (turns_) header.entries.emplace_back("turned", fmt::format("by {} degrees clockwise", 90 * turns_));
  stored_ = header;
  if (turns_ % 2) std::swap(header.width, header.height);
}

double FfmpegStream::time_of(const AVFrame& picture, int64_t index) const {
  const int64_t time = picture.best_effort_timestamp;
  if (time != AV_NOPTS_VALUE && first_time_ != AV_NOPTS_VALUE)
    return double(time - first_time_) * header.time_base.value();
  return header.rate.num > 0 ? double(index) / header.rate.value() : 0;
}

const Timeline& FfmpegStream::timeline() {
  if (timeline_) return *timeline_;
  timeline_ = std::make_unique<Timeline>(place_, options_);
  header.frames = stored_.frames = timeline_->count();
  header.frames_exact = stored_.frames_exact = true;
  if (!timeline_->broken().empty()) header.entries.emplace_back("warning", timeline_->broken());
  return *timeline_;
}

/// The picture at position_; it is decoded from further back where the last jump was too near to it.
const AVFrame* FfmpegStream::picture_to_show() {
  const bool jumped = started_at_ > 0 && position_ < timeline().count();
  const AVFrame* picture = nullptr;
  try {
    picture = take();
  } catch (const Error&) {
    if (!jumped) throw;
  }
  if (!jumped || (picture && picture->best_effort_timestamp == timeline().time(position_))) return picture;
  reach(position_, started_at_);
  return take();
}

const AVFrame* FfmpegStream::take() {
  const AVFrame* const picture = ahead_ ? ahead_ : decoder_->next();
  ahead_ = nullptr;
  return picture;
}

/// Decodes from frame `start` on until `frame`; false if that start leads past it.
bool FfmpegStream::go_to(int64_t frame, int64_t start) {
  ahead_ = nullptr;
  position_ = lost;
  if (!decoder_->seek(timeline().time(start))) return false;
  try {
    ahead_ = decoder_->next(timeline().time(frame));
  } catch (const Error&) {
    return false;  // damaged, or only what leads to it from here
  }
  if (!ahead_ || ahead_->best_effort_timestamp != timeline().time(frame)) return false;
  position_ = frame, started_at_ = start;
  return true;
}

/// Makes `frame` the next one, decoding from a start before `below`.
void FfmpegStream::reach(int64_t frame, int64_t below) {
  constexpr int tries = 8;
  int64_t from = below > 1 ? timeline().start_before(below - 1) : 0;
  for (int tried = 0; from > 0 && tried < tries; ++tried, from = timeline().start_before(from - 1))
    if (go_to(frame, from)) return;
  open();
  read_on(frame);
}

void FfmpegStream::read_on(int64_t frame) {
  for (; position_ < frame; ++position_)
    check(picture_to_show(), "{} ends before its frame {}", header.name, frame);
}

void FfmpegStream::seek(int64_t frame) {
  if (frame >= position_ && (frame == position_ || timeline().start_before(frame) <= position_))
    return read_on(frame);
  reach(frame, frame + 1);
}

[[maybe_unused]] const bool loaded = (
    ffmpeg_open = [](const Place& place, const Options& options) -> std::unique_ptr<Stream> {
      return std::make_unique<FfmpegStream>(place, options);
    },
    true);

}  // namespace
}  // namespace fovea::video
