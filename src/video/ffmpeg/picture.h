// FFmpeg's decoded frames as tables of pixels.
#pragma once
extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>

#include "video/stream.h"

namespace fovea::video {

/// Converts frames of one kind; adapts where the kind changes. Gray stays gray, all else becomes RGB; more
/// than 8 bits become 16, over their full range.
class PictureMaker {
 public:
  /// Fills color, depth, dtype, size and pixel format from a first frame.
  void describe(const AVFrame& frame, Header& header) const;
  /// Throws unless the frame has the header's size.
  Tensor make(const AVFrame& frame, const Header& header);

 private:
  struct Delete {
    void operator()(SwsContext* p) const { sws_freeContext(p); }
    void operator()(AVFrame* p) const { av_frame_free(&p); }
  };
  void prepare(const AVFrame& frame, const Header& header);

  std::unique_ptr<SwsContext, Delete> scaler_;
  std::unique_ptr<AVFrame, Delete> out_;
  int format_ = -1, range_ = -1, matrix_ = -1;  // of the frames that scaler_ takes
};

}  // namespace fovea::video
