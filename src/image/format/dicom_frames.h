// The pixels of DICOM frames: how they are stored, and how each compression is undone.
#pragma once
#include "image/format/dicom_elements.h"
#include "image/samples.h"

namespace fovea::image {

/// How the samples of a frame are stored.
struct DicomLayout {
  int64_t rows = 0, columns = 0, frames = 1;
  int samples = 1, allocated = 8, stored = 8, high_bit = 7;
  bool is_signed = false, planar = false, real = false;
  std::string photometric;

  int64_t frame_bytes() const { return (rows * columns * samples * allocated + 7) / 8; }
};

/// One frame: numbers (H, W, samples), and what they mean after the decoder's own colour conversion.
struct DicomFrame {
  Tensor numbers;
  std::string photometric;
};
DicomFrame dicom_frame(const Source& source, const DicomElements& elements, const DicomLayout& layout,
                       int64_t index);

/// One frame of lossless JPEG, JPEG of more than 8 bits, or JPEG-LS as its bytes in native order, channels
/// together.
Bytes frame_by_dcmtk(View8 frame, const DicomLayout& layout, const std::string& syntax,
                     const std::string& name);
/// What does so: null until libfovea_dcmtk.so is loaded and sets it.
extern Bytes (*dcmtk_decoder)(View8 frame, const DicomLayout& layout, const std::string& syntax,
                              const std::string& name);

/// A JPEG picture; `convert` = false keeps the colours as they are stored.
Image decode_jpeg_colors(const Source& source, bool convert);
/// Bits per sample of a JPEG picture, 0 if it is none that libjpeg reads.
int jpeg_precision(View8 bytes);
/// Whether a JPEG picture is of a kind for which libjpeg has no decoder but DCMTK has: lossless, or of 12
/// bits.
bool jpeg_needs_dcmtk(View8 bytes);
Image decode_deep_jpeg(const Source& source);

}  // namespace fovea::image
