// What a kind of video offers to reader.cpp. A new kind is one file with a Backend and its line in
// backends().
#pragma once
#include <memory>
#include <string>

#include "fovea/video.h"
#include "video/pieces.h"

namespace fovea::video {

class Stream {
 public:
  virtual ~Stream() = default;
  /// The next frame with its index, time and pixels in header().color; false at the end. Throws if it is
  /// damaged.
  virtual bool next(Frame& frame) = 0;
  /// *Requires* 0 <= frame, and header.seekable.
  virtual void seek(int64_t frame) = 0;
  /// Makes header.frames exact. *Requires* header.seekable.
  virtual void count() {}

  Header header;
};

/// A stream whose frames lie ready at known places: next() by at().
class IndexedStream : public Stream {
 public:
  bool next(Frame& frame) final;
  void seek(int64_t frame) final { position_ = frame; }

 protected:
  /// Pixels of frame `index` < header.frames.
  virtual Tensor at(int64_t index) = 0;
  /// Seconds from the first frame to frame `index`.
  virtual double time_of(int64_t index) const { return double(index) / header.rate.value(); }
  /// Thrown after the last whole frame, if the video is damaged there.
  std::string broken_;

 private:
  int64_t position_ = 0;
};

/// What was asked for: a path with, if it is a file or bytes in memory, its content.
struct Place {
  std::string path;
  std::shared_ptr<Pieces> content;  // null: a folder, a pattern, a camera, an address
  Bytes start;                      // of the content
};

struct Backend {
  const char* name;
  bool (*matches)(const Place& place);
  std::unique_ptr<Stream> (*open)(const Place& place, const Options& options);
};
extern const Backend camera_backend, sequence_backend, y4m_backend, avi_backend, animation_backend,
    ffmpeg_backend;

/// The facts of a file.
Header header_of(const Place& place, const char* container);
/// Gray or RGB, with its channels.
void set_color(Header& header, image::ColorModel color);
/// Throws if a frame of the header's size is beyond the limits.
void check_size(const Header& header, const image::Limits& limits);
/// num / den in lowest terms.
Rational reduced(int64_t num, int64_t den);
/// Whether `path` is an address, as "rtsp://host/camera".
bool is_address(const std::string& path);
/// Lower case, without the dot.
std::string extension_of(const std::string& path);

/// A picture as a frame: upright, gray if it is gray, as it is if it has no colour, else RGB.
Tensor frame_of(const image::Image& picture);
/// The colour that frame_of() gives.
image::ColorModel frame_color(image::ColorModel color);

}  // namespace fovea::video
