// One page of a TIFF file: what its tags say, and its pixels.
#pragma once
#include "image/format/tiff_file.h"
#include "image/samples.h"

namespace fovea::image {

/// One page.
class TiffPage {
 public:
  TiffPage(const Source& source, TiffFile& file, Header header);

  const Header& header() const { return header_; }

  Image decode();

 private:
  void choose_numbers();
  void choose_color();
  void describe();
  void describe_geography();
  void add(const char* key, std::string value) { header_.entries.emplace_back(key, std::move(value)); }
  std::string text(uint32_t tag) const;
  std::vector<double> doubles(uint32_t tag) const;

  Tensor stored();
  void place(View8 block, int64_t top, int64_t left, int64_t rows, int64_t columns, int64_t block_columns,
             int64_t sample, const Tensor& to) const;
  Tensor finished(const Tensor& stored) const;
  Tensor colors_of(const Tensor& indices) const;
  Tensor rgba() const;
  bool palette() const { return photometric_ == PHOTOMETRIC_PALETTE; }

  const Source& source_;
  TiffFile& file_;
  Header header_;
  int bits_ = 1, samples_ = 1, kind_ = SAMPLEFORMAT_UINT, photometric_ = 0, compression_ = 0;
  bool apart_ = false;       // planes
  bool by_libtiff_ = false;  // its own conversion to RGBA: sub-sampled YCbCr
  bool premultiplied_ = false;
  Sample sample_;
};

}  // namespace fovea::image
