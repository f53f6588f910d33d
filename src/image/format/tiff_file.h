// A TIFF file in memory, through libtiff, with its messages.
#pragma once
#include <tiffio.h>

#include "image/codec.h"

namespace fovea::image {

class TiffFile {
 public:
  /// Opens for reading.
  explicit TiffFile(const Source& source);
  /// Opens for writing into `out`.
  explicit TiffFile(Bytes& out);
  ~TiffFile() { close(); }
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* get() const { return tiff_; }
  void close();

  /// A tag of one number, or `otherwise`.
  template <class T>
  T tag(uint32_t which, T otherwise) const {
    T value{};
    return TIFFGetFieldDefaulted(tiff_, which, &value) ? value : otherwise;
  }
  const std::string& error() const { return error_; }
  const std::string& warning() const { return warning_; }
  /// Throws, with libtiff's first complaint, unless `good`.
  void check_good(bool good, const char* what) const;

 private:
  static int on_error(TIFF*, void* self, const char* module, const char* format, va_list list);
  static int on_warning(TIFF*, void* self, const char* module, const char* format, va_list list);
  void open(const char* mode, tmsize_t most_memory);

  std::string name_;
  View8 in_;
  Bytes* out_ = nullptr;
  uint64_t at_ = 0;
  TIFF* tiff_ = nullptr;
  std::string error_, warning_;

  friend struct TiffStream;
};

/// The content of a TIFF file of one page: deflated strips, every type and number of channels.
Bytes encode_tiff(const Image& image, int quality);

}  // namespace fovea::image
