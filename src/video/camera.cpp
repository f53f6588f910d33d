// Cameras of Linux (V4L2): the driver fills a few buffers that are mapped into memory, in turn.
#include <algorithm>
#include <cstring>

#include "video/camera_mode.h"
#include "video/stream.h"

#if __has_include(<linux/videodev2.h>)
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace fovea::video {
namespace {

constexpr uint32_t capture = V4L2_BUF_TYPE_VIDEO_CAPTURE, buffers_wanted = 4;
constexpr int patience_ms = 10'000;

class Device {
 public:
  explicit Device(const std::string& path)
      : path_(path), fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK)) {
    check(fd_ >= 0, "cannot open the camera {}: {}", path, std::strerror(errno));
  }
  ~Device() { ::close(fd_); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  template <class T>
  bool try_call(unsigned long request, T& argument) const {
    int result;
    do result = ::ioctl(fd_, request, &argument);
    while (result < 0 && errno == EINTR);
    return result >= 0;
  }
  template <class T>
  void call(unsigned long request, T& argument, const char* what) const {
    check(try_call(request, argument), "{}: the camera does not {}: {}", path_, what, std::strerror(errno));
  }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_;
};

/// Each size and rate of the pixels `code`; of ranges the largest size, or the one that is wanted.
void list_sizes(const Device& device, uint32_t code, const Options& wanted, std::vector<CameraMode>& modes) {
  v4l2_frmsizeenum size{};
  for (size.pixel_format = code; device.try_call(VIDIOC_ENUM_FRAMESIZES, size); ++size.index) {
    CameraMode mode{code, size.discrete.width, size.discrete.height};
    if (size.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
      const bool any = wanted.width == 0 || wanted.height == 0;
      mode.width = any ? size.stepwise.max_width : wanted.width;
      mode.height = any ? size.stepwise.max_height : wanted.height;
    }
    v4l2_frmivalenum interval{};
    interval.pixel_format = code;
    interval.width = uint32_t(mode.width), interval.height = uint32_t(mode.height);
    bool told = false;
    for (; device.try_call(VIDIOC_ENUM_FRAMEINTERVALS, interval); ++interval.index) {
      const bool discrete = interval.type == V4L2_FRMIVAL_TYPE_DISCRETE;
      const v4l2_fract seconds = discrete ? interval.discrete : interval.stepwise.min;
      mode.rate = reduced(seconds.denominator, seconds.numerator);
      modes.push_back(mode), told = true;
      if (!discrete) break;
    }
    if (!told) modes.push_back(mode);
    if (size.type != V4L2_FRMSIZE_TYPE_DISCRETE) break;
  }
}

std::vector<CameraMode> modes_of(const Device& device, const Options& wanted) {
  std::vector<CameraMode> modes;
  v4l2_fmtdesc kind{};
  for (kind.type = capture; device.try_call(VIDIOC_ENUM_FMT, kind); ++kind.index) {
    const size_t before = modes.size();
    list_sizes(device, kind.pixelformat, wanted, modes);
    if (modes.size() == before) modes.push_back({kind.pixelformat});  // only to name it
  }
  return modes;
}

class CameraStream : public Stream {
 public:
  CameraStream(const Place& place, const Options& options) : device_(place.path) {
    v4l2_capability able{};
    device_.call(VIDIOC_QUERYCAP, able, "answer");
    const uint32_t has = able.capabilities & V4L2_CAP_DEVICE_CAPS ? able.device_caps : able.capabilities;
    check((has & V4L2_CAP_VIDEO_CAPTURE) && (has & V4L2_CAP_STREAMING), "{} is no camera that streams",
          place.path);
    mode_ = choose_mode(modes_of(device_, options), options, place.path);
    negotiate();
    describe(reinterpret_cast<const char*>(able.card));
    check_size(header, options.limits);
    map_buffers();
  }
  ~CameraStream() override {
    int type = capture;
    device_.try_call(VIDIOC_STREAMOFF, type);
    for (const auto& [at, bytes] : buffers_) ::munmap(at, bytes);
  }

  bool next(Frame& frame) override {
    pollfd ready{.fd = device_.fd(), .events = POLLIN, .revents = 0};
    check(::poll(&ready, 1, patience_ms) > 0, "{} sends no pictures", header.name);
    v4l2_buffer buffer{};
    buffer.type = capture, buffer.memory = V4L2_MEMORY_MMAP;
    device_.call(VIDIOC_DQBUF, buffer, "give a picture");
    check(buffer.index < buffers_.size(), "{} gives a buffer that it does not have", header.name);
    const auto& [at, bytes] = buffers_[buffer.index];
    const double now = double(buffer.timestamp.tv_sec) + 1e-6 * double(buffer.timestamp.tv_usec);
    if (index_ == 0) start_ = now;
    const Bytes picture(static_cast<const uint8_t*>(at),
                        static_cast<const uint8_t*>(at) + std::min<size_t>(buffer.bytesused, bytes));
    device_.call(VIDIOC_QBUF, buffer, "take its buffer back");
    frame = {pixels_of_buffer(picture, mode_, pitch_, header.name), index_++, now - start_};
    return true;
  }
  void seek(int64_t) override {}  // header.seekable is false

 private:
  void negotiate() {
    v4l2_format format{};
    format.type = capture;
    v4l2_pix_format& pixels = format.fmt.pix;
    pixels.width = uint32_t(mode_.width), pixels.height = uint32_t(mode_.height);
    pixels.pixelformat = mode_.code, pixels.field = V4L2_FIELD_ANY;
    device_.call(VIDIOC_S_FMT, format, "take the size of the pictures");
    check(pixels.pixelformat == mode_.code, "{} changes its pixels from {} to {}", device_.path(),
          fourcc_name(mode_.code), fourcc_name(pixels.pixelformat));
    mode_.width = pixels.width, mode_.height = pixels.height, pitch_ = pixels.bytesperline;
    v4l2_streamparm speed{};
    speed.type = capture;
    if (mode_.rate.num == 0) return;
    speed.parm.capture.timeperframe = {uint32_t(mode_.rate.den), uint32_t(mode_.rate.num)};
    device_.try_call(VIDIOC_S_PARM, speed);  // not all can; the times of the frames tell
  }

  void describe(const std::string& card) {
    header.name = device_.path(), header.container = "v4l2", header.codec = fourcc_name(mode_.code);
    header.pixel_format = header.codec;
    header.width = mode_.width, header.height = mode_.height, header.rate = mode_.rate;
    header.dtype = mode_.dtype(), header.depth = int(8 * size_of(mode_.dtype()));
    header.time_base = {1, 1'000'000}, header.seekable = false;
    set_color(header, mode_.color());
    header.entries.emplace_back("camera", card);
  }

  void map_buffers() {
    v4l2_requestbuffers request{};
    request.count = buffers_wanted, request.type = capture, request.memory = V4L2_MEMORY_MMAP;
    device_.call(VIDIOC_REQBUFS, request, "share its memory");
    for (uint32_t i = 0; i < request.count; ++i) {
      v4l2_buffer buffer{};
      buffer.index = i, buffer.type = capture, buffer.memory = V4L2_MEMORY_MMAP;
      device_.call(VIDIOC_QUERYBUF, buffer, "tell of its memory");
      void* const at =
          ::mmap(nullptr, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, device_.fd(), buffer.m.offset);
      check(at != MAP_FAILED, "{}: its memory cannot be mapped: {}", header.name, std::strerror(errno));
      buffers_.emplace_back(at, buffer.length);
      device_.call(VIDIOC_QBUF, buffer, "take a buffer");
    }
    int type = capture;
    device_.call(VIDIOC_STREAMON, type, "start");
  }

  Device device_;
  CameraMode mode_;
  int64_t pitch_ = 0, index_ = 0;
  double start_ = 0;
  std::vector<std::pair<void*, size_t>> buffers_;
};

std::unique_ptr<Stream> open_camera(const Place& place, const Options& options) {
  return std::make_unique<CameraStream>(place, options);
}

}  // namespace
}  // namespace fovea::video

#else

namespace fovea::video {
static std::unique_ptr<Stream> open_camera(const Place& place, const Options&) {
  fail("{}: cameras are read through V4L2, which is Linux's", place.path);
}
}  // namespace fovea::video

#endif

namespace fovea::video {

const Backend camera_backend{
    "camera", [](const Place& place) { return place.path.starts_with("/dev/video"); }, open_camera};

}  // namespace fovea::video
