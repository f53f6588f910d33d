#include "video/ffmpeg/picture.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cstring>

namespace fovea::video {
namespace {

const AVPixFmtDescriptor& kind_of(const AVFrame& frame, const std::string& name) {
  const AVPixFmtDescriptor* const kind = av_pix_fmt_desc_get(AVPixelFormat(frame.format));
  check(kind != nullptr, "{}: its frames are of an unknown kind", name);
  return *kind;
}

bool is_gray(const AVPixFmtDescriptor& kind) {
  return kind.nb_components <= 2 && !(kind.flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER));
}

/// How swscale calls the matrix of `frame`; ITU-R 601 if it does not tell.
int matrix_of(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    default:
      return SWS_CS_ITU601;
  }
}

}  // namespace

void PictureMaker::describe(const AVFrame& frame, Header& header) const {
  const AVPixFmtDescriptor& kind = kind_of(frame, header.name);
  header.width = frame.width, header.height = frame.height;
  header.pixel_format = kind.name;
  set_color(header, is_gray(kind) ? image::ColorModel::gray : image::ColorModel::rgb);
  header.depth = 1;
  for (int i = 0; i < kind.nb_components; ++i) header.depth = std::max(header.depth, kind.comp[i].depth);
  if (kind.flags & AV_PIX_FMT_FLAG_PAL) header.depth = 8;
  header.dtype = header.depth > 8 ? u16 : u8;
}

void PictureMaker::prepare(const AVFrame& frame, const Header& header) {
  const bool gray = header.channels == 1, deep = header.dtype == u16;
  const AVPixelFormat wanted =
      gray ? (deep ? AV_PIX_FMT_GRAY16 : AV_PIX_FMT_GRAY8) : (deep ? AV_PIX_FMT_RGB48 : AV_PIX_FMT_RGB24);
  scaler_.reset(sws_getContext(frame.width, frame.height, AVPixelFormat(frame.format), frame.width,
                               frame.height, wanted, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT,
                               nullptr, nullptr, nullptr));
  check(scaler_ != nullptr, "{}: FFmpeg cannot convert pixels of {}", header.name, header.pixel_format);
  format_ = frame.format, range_ = frame.color_range, matrix_ = matrix_of(frame);
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(matrix_), frame.color_range == AVCOL_RANGE_JPEG,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  out_.reset(av_frame_alloc());
  check(out_ != nullptr, "{}: FFmpeg has no memory", header.name);
  out_->format = wanted, out_->width = frame.width, out_->height = frame.height;
  check(av_frame_get_buffer(out_.get(), 0) >= 0, "{}: FFmpeg has no memory for {} x {} pixels", header.name,
        frame.width, frame.height);
}

Tensor PictureMaker::make(const AVFrame& frame, const Header& header) {
  check(frame.width == header.width && frame.height == header.height,
        "{}: the frames change their size from {} x {} to {} x {}", header.name, header.width, header.height,
        frame.width, frame.height);
  if (!scaler_ || frame.format != format_ || frame.color_range != range_ || matrix_of(frame) != matrix_)
    prepare(frame, header);
  const int rows =
      sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, out_->data, out_->linesize);
  check(rows == frame.height, "{}: FFmpeg cannot convert pixels of {}", header.name, header.pixel_format);
  const Tensor pixels = Tensor::empty(header.frame_shape(), header.dtype);
  const size_t bytes = size_t(header.width * header.channels) * size_of(header.dtype);
  for (int y = 0; y < frame.height; ++y)  // swscale wants rows that are padded
    std::memcpy(static_cast<char*>(pixels.raw()) + size_t(y) * bytes,
                out_->data[0] + int64_t(y) * out_->linesize[0], bytes);
  return pixels;
}

}  // namespace fovea::video
