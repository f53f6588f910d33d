// The door to FFmpeg, which lies in a module of its own.
#pragma once
#include "video/stream.h"

namespace fovea::video {

/// Null until libfovea_ffmpeg.so is loaded and sets it.
extern std::unique_ptr<Stream> (*ffmpeg_open)(const Place& place, const Options& options);

}  // namespace fovea::video
