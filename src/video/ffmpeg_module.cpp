// FFmpeg's libraries have a licence of their own and take long to load: a module, loaded when the first video
// comes that wants them.
#include "base/module.h"
#include "video/ffmpeg.h"

namespace fovea::video {

decltype(ffmpeg_open) ffmpeg_open = nullptr;

namespace {

const std::string& missing() {
  static const std::string reason =
      load_module("ffmpeg", FOVEA_HAVE_FFMPEG, "libavformat-dev libavcodec-dev libswscale-dev");
  return reason;
}

std::unique_ptr<Stream> open(const Place& place, const Options& options) {
  check(missing().empty(), "{} is a video that goes through FFmpeg: {}", place.path, missing());
  return ffmpeg_open(place, options);
}

}  // namespace

std::string ffmpeg_missing() { return missing(); }

const Backend ffmpeg_backend{"FFmpeg", [](const Place&) { return true; }, open};

}  // namespace fovea::video
