// FFmpeg's reader of containers: the packets of the one video in a file or at an address.
#pragma once
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <chrono>
#include <memory>

#include "video/stream.h"

namespace fovea::video {

/// "Invalid data found when processing input"
std::string ffmpeg_text(int error);

struct FfmpegDelete {
  void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(AVIOContext* p) const {
    av_freep(&p->buffer);
    avio_context_free(&p);
  }
};
template <class T>
using FfmpegPtr = std::unique_ptr<T, FfmpegDelete>;

class Demuxer {
 public:
  /// Throws if there is no video.
  Demuxer(const Place& place, const Options& options);

  /// The next packet of the video; 0, AVERROR_EOF or another error.
  int read(AVPacket* packet);
  /// To a packet from which the frame of time `timestamp` can be decoded; false if that does not work.
  bool seek(int64_t timestamp);
  AVStream* stream() const { return format_->streams[stream_]; }
  const char* container() const { return format_->iformat->name; }
  double duration() const { return format_->duration > 0 ? double(format_->duration) / AV_TIME_BASE : 0; }
  bool seekable() const { return format_->pb && (format_->pb->seekable & AVIO_SEEKABLE_NORMAL); }

 private:
  static int read_piece(void* self, uint8_t* to, int n);
  static int64_t seek_piece(void* self, int64_t at, int whence);
  static int too_late(void* self);
  void restart_clock() { since_ = std::chrono::steady_clock::now(); }

  std::shared_ptr<Pieces> content_;
  int64_t position_ = 0;
  std::chrono::steady_clock::time_point since_;  // waiting for an address
  FfmpegPtr<AVIOContext> io_;
  FfmpegPtr<AVFormatContext> format_;  // after io_, which it uses to its end
  int stream_ = -1;
};

}  // namespace fovea::video
