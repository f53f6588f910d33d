#include "video/ffmpeg/decoder.h"

namespace fovea::video {
namespace {

bool is_damaged(const AVFrame& frame) {
  return (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0;
}

}  // namespace

Decoder::Decoder(const Place& place, const Options& options)
    : name_(place.path), demuxer_(place, options), packet_(av_packet_alloc()), frame_(av_frame_alloc()) {
  const AVCodecParameters* const stored = stream()->codecpar;
  const AVCodec* const codec = avcodec_find_decoder(stored->codec_id);
  check(codec != nullptr, "{}: this FFmpeg does not decode {}", name_, avcodec_get_name(stored->codec_id));
  codec_.reset(avcodec_alloc_context3(codec));
  check(codec_ && packet_ && frame_, "{}: FFmpeg has no memory", name_);
  codec_->thread_count = options.threads;
  codec_->max_pixels = options.limits.pixels;
  codec_->pkt_timebase = stream()->time_base;
  int opened = avcodec_parameters_to_context(codec_.get(), stored);
  if (opened >= 0) opened = avcodec_open2(codec_.get(), codec, nullptr);
  check(opened >= 0, "{} cannot be decoded: FFmpeg says '{}'", name_, ffmpeg_text(opened));
}

const AVFrame* Decoder::next(int64_t from) {
  check(!over_, "{}", broken_);
  for (;;) {
    const int got = avcodec_receive_frame(codec_.get(), frame_.get());
    if (got == AVERROR(EAGAIN)) {
      feed();
    } else if (got == AVERROR_EOF) {
      check(broken_.empty(), "{}", broken_);
      return nullptr;
    } else if (got < 0) {
      note(ffmpeg_text(got));
    } else {
      const int64_t time = frame_->best_effort_timestamp;
      if (time < from) continue;
      if (is_damaged(*frame_)) {
        note("a frame is damaged");
        if (seekable()) continue;
      }
      started_ = true, last_ = time;
      return frame_.get();
    }
  }
}

/// Gives the decoder a packet, or tells it that there are no more.
void Decoder::feed() {
  const int read = broken_.empty() ? demuxer_.read(packet_.get()) : AVERROR_EOF;
  const bool cut = read >= 0 && (packet_->flags & AV_PKT_FLAG_CORRUPT) && seekable();
  if (read < 0 || cut) {
    if (cut || read != AVERROR_EOF) broken_ = describe(cut ? "a packet is cut off" : ffmpeg_text(read));
    av_packet_unref(packet_.get());
    avcodec_send_packet(codec_.get(), nullptr);
    return;
  }
  const bool is_start = packet_->flags & AV_PKT_FLAG_KEY;
  if (joining_ && !is_start)
    return av_packet_unref(packet_.get());  // not all containers go to where one can start
  joining_ = false;
  const int sent = avcodec_send_packet(codec_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (sent < 0 && sent != AVERROR(EAGAIN)) note(ffmpeg_text(sent));
}

std::string Decoder::describe(const std::string& problem) const {
  const double time = started_ && last_ != AV_NOPTS_VALUE ? double(last_) * av_q2d(stream()->time_base) : 0;
  return fmt::format("{} is damaged or truncated after {:.3f} s: {}", name_, time, problem);
}

void Decoder::note(const std::string& problem) {
  if (!started_ || !seekable()) return;
  broken_ = describe(problem);
  over_ = true;
  fail("{}", broken_);
}

bool Decoder::seek(int64_t timestamp) {
  avcodec_flush_buffers(codec_.get());
  broken_.clear();
  started_ = over_ = false;
  joining_ = true;
  return demuxer_.seek(timestamp);
}

}  // namespace fovea::video
