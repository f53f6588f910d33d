// The frames of a video in the order they are shown.
#pragma once
#include "video/ffmpeg/demuxer.h"
#include "video/ffmpeg/picture.h"

namespace fovea::video {

class Decoder {
 public:
  Decoder(const Place& place, const Options& options);

  /// The next frame not before `from`, or null at the end; valid until the next call. Throws what is damaged,
  /// each time again; damage before the first frame that comes, and of what only streams, is passed over: one
  /// joins where others have begun.
  const AVFrame* next(int64_t from = INT64_MIN);
  /// The frame of time `timestamp` will come, if the container tells the truth.
  bool seek(int64_t timestamp);

  AVStream* stream() const { return demuxer_.stream(); }
  const char* container() const { return demuxer_.container(); }
  double duration() const { return demuxer_.duration(); }
  bool seekable() const { return demuxer_.seekable(); }

 private:
  void feed();
  void note(const std::string& problem);
  std::string describe(const std::string& problem) const;

  std::string name_;
  Demuxer demuxer_;
  FfmpegPtr<AVCodecContext> codec_;
  FfmpegPtr<AVPacket> packet_;
  FfmpegPtr<AVFrame> frame_;
  std::string broken_;        // thrown when the frames before it are out
  int64_t last_ = INT64_MIN;  // time of the last frame that came
  bool joining_ = false;      // no packet was decoded since seek()
  bool over_ = false;         // it was thrown
  bool started_ = false;      // a frame came since the beginning or seek()
};

}  // namespace fovea::video
