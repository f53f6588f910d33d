#include "video/ffmpeg/demuxer.h"

#include <algorithm>

namespace fovea::video {

constexpr int buffer_bytes = 65536;
constexpr std::chrono::seconds patience{10};  // with an address that sends nothing

std::string ffmpeg_text(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = "";
  av_strerror(error, text, sizeof text);
  return text;
}

Demuxer::Demuxer(const Place& place, const Options&) : content_(place.content) {
  av_log_set_level(AV_LOG_QUIET);
  AVFormatContext* format = avformat_alloc_context();
  check(format != nullptr, "{}: FFmpeg has no memory", place.path);
  format->interrupt_callback = {too_late, this};
  AVDictionary* settings = nullptr;
  if (content_) {
    io_.reset(avio_alloc_context(static_cast<uint8_t*>(av_malloc(buffer_bytes)), buffer_bytes, 0, this,
                                 read_piece, nullptr, seek_piece));
    format->pb = io_.get();
    av_dict_set(&settings, "protocol_whitelist", "none", 0);  // a playlist must not open anything else
  }
  restart_clock();
  const int opened =
      avformat_open_input(&format, place.path.c_str(), nullptr, &settings);  // frees it on failure
  av_dict_free(&settings);
  check(opened >= 0, "{} cannot be read: FFmpeg says '{}'", place.path, ffmpeg_text(opened));
  format_.reset(format);
  restart_clock();
  const int known = avformat_find_stream_info(format, nullptr);
  check(known >= 0, "{} cannot be read: FFmpeg says '{}'", place.path, ffmpeg_text(known));
  stream_ = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  check(stream_ >= 0, "{} ({}) holds no video", place.path, container());
  for (unsigned i = 0; i < format->nb_streams; ++i)
    if (int(i) != stream_) format->streams[i]->discard = AVDISCARD_ALL;
}

int Demuxer::read(AVPacket* packet) {
  for (;;) {
    restart_clock();
    const int error = av_read_frame(format_.get(), packet);
    if (error < 0 || packet->stream_index == stream_) return error;
    av_packet_unref(packet);
  }
}

bool Demuxer::seek(int64_t timestamp) {
  restart_clock();
  return av_seek_frame(format_.get(), stream_, timestamp, AVSEEK_FLAG_BACKWARD) >= 0;
}

int Demuxer::read_piece(void* of, uint8_t* to, int n) {
  auto& self = *static_cast<Demuxer*>(of);
  try {
    const size_t have = self.content_->read(size_t(self.position_), std::span(to, size_t(std::max(n, 0))));
    self.position_ += int64_t(have);
    return have > 0 ? int(have) : AVERROR_EOF;
  } catch (const Error&) {
    return AVERROR(EIO);
  }
}

int64_t Demuxer::seek_piece(void* of, int64_t at, int whence) {
  auto& self = *static_cast<Demuxer*>(of);
  const auto size = int64_t(self.content_->size());
  if (whence & AVSEEK_SIZE) return size;
  const int from = whence & ~AVSEEK_FORCE;
  const int64_t base = from == SEEK_CUR ? self.position_ : from == SEEK_END ? size : 0;
  int64_t target = 0;
  if (__builtin_add_overflow(base, at, &target) || target < 0) return AVERROR(EINVAL);
  return self.position_ = target;
}

int Demuxer::too_late(void* of) {
  const auto& self = *static_cast<Demuxer*>(of);
  return !self.content_ && std::chrono::steady_clock::now() - self.since_ > patience;
}

}  // namespace fovea::video
