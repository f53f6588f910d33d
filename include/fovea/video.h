// Video: a sequence of frames in time, whatever holds it: Y4M, MJPEG in AVI, animated GIF, WebP and PNG,
// stacks (TIFF, DICOM, NIfTI), folders of pictures, cameras, and through FFmpeg everything else
// (docs/video.md). A frame is a table of pixels as in image.h: (H,W,C) of u8, or of u16 where the video is
// deeper than 8 bits. Threads: a Reader is used by one thread at a time; different Readers are independent.
//   video::Reader clip("walk.mp4");  // clip.header().frames, .rate, .codec ...
//   while (auto frame = clip.next()) use(frame->pixels, frame->time);
//   Tensor eight = video::read_frames(clip, video::uniform_frames(clip.count(), 8));  // (8,H,W,3)
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fovea/image.h"
#include "fovea/random.h"

namespace fovea::video {

/// num / den; 0/1 where it is not known.
struct Rational {
  int64_t num = 0, den = 1;
  double value() const { return double(num) / double(den); }
  bool operator==(const Rational&) const = default;
  /// "25", "30000/1001"
  std::string str() const;
};

/// Everything a video says about itself.
struct Header {
  std::string name;          // path, address, or the name given
  std::string container;     // "y4m", "avi", "gif", "pictures", "mov,mp4,m4a,3gp,3g2,mj2" ...
  std::string codec;         // "rawvideo", "mjpeg", "h264" ...
  std::string pixel_format;  // as stored: "yuv420p", "gray10", "RGB" ...
  int64_t file_bytes = 0;
  int64_t width = 0, height = 0;
  image::ColorModel color = image::ColorModel::rgb;  // of the frames that come out
  int64_t channels = 3;                              // the same
  int depth = 8;                                     // bits per sample as stored
  DType dtype = u8;                                  // of the frames that come out
  int64_t frames = -1;                               // -1: not known (streams, cameras)
  bool frames_exact = true;                          // false: an estimate, see Reader::count()
  Rational rate;                                     // frames in a second; the mean if it varies
  Rational time_base;                                // seconds in which times are stored
  double duration = 0;                               // seconds; 0: not known
  bool seekable = true;
  std::vector<std::pair<std::string, std::string>> entries;  // in plain words; "warning" tells what is wrong

  Dims frame_shape() const { return {height, width, channels}; }
};

struct Frame {
  Tensor pixels;  // (H,W,C), contiguous, upright, its own memory
  int64_t index = 0;
  double time = 0;  // seconds since the first frame
};

struct Options {
  std::optional<image::ColorModel> color = {};  // gray or rgb; default: as the video is
  Rational rate = {25, 1};                      // of pictures without times; wanted from a camera
  int64_t width = 0, height = 0;                // wanted from a camera; 0: its largest
  int threads = 0;                              // that decode, where the codec can; 0: as many as there are
  image::Limits limits = default_limits();

  /// Those of images with a thousand times the frames. `bytes` bounds what one read_frames() returns.
  static image::Limits default_limits();
};

/// Where frames come from, one implementation for each kind (src/video/stream.h).
class Stream;

class Reader {
 public:
  /// A file, a folder of pictures, a pattern of their names ("frame_%04d.png"), a camera ("/dev/video0"), or
  /// an address of a stream ("rtsp://..."). Throws if it cannot be read at all.
  explicit Reader(const std::string& path, const Options& options = {});
  /// From memory, which must outlive the Reader: Y4M, MJPEG-AVI, animations and stacks. `name` is for
  /// messages and its extension tells the kind of pictures.
  Reader(std::span<const uint8_t> bytes, const std::string& name, const Options& options = {});
  ~Reader();
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;

  const Header& header() const;
  const Options& options() const { return options_; }
  /// The next frame; nothing after the last one. Of a damaged or truncated video the whole frames come, then
  /// an Error that says what is missing.
  std::optional<Frame> next();
  /// The frame that next() returns. Exact: what comes is to the bit what reading on from the start gives.
  /// Cheap where it can be: it reads on if that is shorter. Throws beyond the end and on what only streams.
  void seek(int64_t frame);
  /// The number of whole frames, counted where the header only estimates it. Throws on what only streams.
  int64_t count();
  /// seek() and next().
  Frame frame(int64_t index);

 private:
  std::unique_ptr<Stream> stream_;
  Options options_;
};

/// Frames in the middle of `n` equal parts of `count`, e.g. 8 of 80: 5, 15 ... 75; some come twice if n >
/// count.
std::vector<int64_t> uniform_frames(int64_t count, int64_t n);
/// `first`, first + stride ...: `n` of them; beyond the end the last frame is repeated.
std::vector<int64_t> strided_frames(int64_t count, int64_t n, int64_t stride = 1, int64_t first = 0);
/// The frames (T,H,W,C), in one pass if `indices` ascend. Throws if they are more than Options::limits.bytes.
Tensor read_frames(Reader& reader, std::span<const int64_t> indices);

/// Which frames make a clip.
struct ClipSampler {
  enum class Start : uint8_t { uniform, first, random };
  int64_t frames = 16;
  int64_t stride = 1;  // of `first` and `random`
  Start start = Start::uniform;

  /// uniform_frames(), or strided_frames() from 0 or from a start that the generator chooses among those that
  /// leave room for the clip. The same generator gives the same clip.
  std::vector<int64_t> indices(int64_t count, Generator& generator) const;
  /// (T,H,W,C)
  Tensor sample(Reader& reader, Generator& generator) const;
};

/// Whether the name is that of a video: its extension, an address, a camera or a pattern of pictures.
/// Pictures that may move (GIF, WebP, PNG, TIFF, DICOM) are images by name.
bool is_video_name(const std::string& path);
/// What FFmpeg wants to be installed before it works here, empty if it does.
std::string ffmpeg_missing();

/// One line per fact.
std::string header_text(const Header& header);
/// `n` frames at even times with their numbers and times, in rows: u8 RGB, at most `width` pixels wide.
image::Image contact_sheet(Reader& reader, int64_t n = 12, int64_t width = 960);

}  // namespace fovea::video
