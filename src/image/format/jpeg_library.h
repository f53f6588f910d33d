// What reading and writing JPEG share: libjpeg-turbo with its messages turned into errors. The library is
// lenient, it paints what a damaged file lacks gray; here such warnings are errors.
#pragma once
#include <cstdio>  // jpeglib.h wants FILE

#include <jpeglib.h>

#include "image/codec.h"

namespace fovea::image {

constexpr int exif_marker = JPEG_APP0 + 1, icc_marker = JPEG_APP0 + 2;

static_assert(sizeof(Failure::message) >= JMSG_LENGTH_MAX);

/// Errors, and warnings that touch the pixels, jump to the Failure that `client_data` is.
jpeg_error_mgr* set_up(jpeg_error_mgr& errors);

/// A progress monitor. A progressive file of few bytes may ask for any number of passes over a large picture;
/// real ones have about ten.
void limit_scans(j_common_ptr info);

struct Decompressor : jpeg_decompress_struct {
  Decompressor() : jpeg_decompress_struct{} {}
  ~Decompressor() { jpeg_destroy_decompress(this); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
};

}  // namespace fovea::image
