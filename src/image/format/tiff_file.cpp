#include "image/format/tiff_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace fovea::image {

/// What libtiff calls instead of read(), write(), lseek() ...
struct TiffStream {
  static TiffFile& of(thandle_t handle) { return *static_cast<TiffFile*>(handle); }

  static uint64_t size(thandle_t handle) {
    const TiffFile& f = of(handle);
    return f.out_ ? f.out_->size() : f.in_.size();
  }

  static tmsize_t read(thandle_t handle, void* to, tmsize_t n) {
    TiffFile& f = of(handle);
    const uint8_t* const from = f.out_ ? f.out_->data() : f.in_.data();
    if (f.at_ >= size(handle) || n <= 0) return 0;
    n = std::min(n, tmsize_t(size(handle) - f.at_));
    std::memcpy(to, from + f.at_, size_t(n));
    f.at_ += uint64_t(n);
    return n;
  }

  static tmsize_t write(thandle_t handle, void* from, tmsize_t n) {
    TiffFile& f = of(handle);
    if (!f.out_ || n < 0) return -1;
    try {
      if (f.at_ + uint64_t(n) > f.out_->size()) f.out_->resize(size_t(f.at_) + size_t(n));
    } catch (const std::exception&) {
      return -1;  // out of memory: no exception may pass through C
    }
    std::memcpy(f.out_->data() + f.at_, from, size_t(n));
    f.at_ += uint64_t(n);
    return n;
  }

  static uint64_t seek(thandle_t handle, uint64_t offset, int whence) {
    TiffFile& f = of(handle);
    f.at_ = whence == SEEK_SET ? offset : whence == SEEK_CUR ? f.at_ + offset : size(handle) + offset;
    return f.at_;
  }

  static int close(thandle_t) { return 0; }

  static int map(thandle_t handle, void** base, toff_t* bytes) {
    TiffFile& f = of(handle);
    if (f.out_) return 0;
    *base = const_cast<uint8_t*>(f.in_.data()), *bytes = f.in_.size();
    return 1;
  }

  static void unmap(thandle_t, void*, toff_t) {}
};

TiffFile::TiffFile(const Source& source) : name_(source.name), in_(source.bytes) {
  open("rm",
       tmsize_t(source.options.limits.bytes));  // m: no mapping, so that nothing writes into the file's bytes
}

TiffFile::TiffFile(Bytes& out) : name_("TIFF file"), out_(&out) { open("w", 0); }

void TiffFile::open(const char* mode, tmsize_t most_memory) {
  TIFFOpenOptions* const options = TIFFOpenOptionsAlloc();
  check(options != nullptr, "{}: libtiff does not start (out of memory)", name_);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, this);
  if (most_memory > 0) TIFFOpenOptionsSetMaxSingleMemAlloc(options, most_memory);
  tiff_ = TIFFClientOpenExt(name_.c_str(), mode, this, TiffStream::read, TiffStream::write, TiffStream::seek,
                            TiffStream::close, TiffStream::size, TiffStream::map, TiffStream::unmap, options);
  TIFFOpenOptionsFree(options);
  check_good(tiff_ != nullptr, "damaged or truncated TIFF file");
}

void TiffFile::close() {
  if (tiff_) TIFFClose(tiff_);
  tiff_ = nullptr;
}

void TiffFile::check_good(bool good, const char* what) const {
  check(good, "{}: {}{}{}", name_, what, error_.empty() ? "" : ": ", error_);
}

int TiffFile::on_error(TIFF*, void* self, const char*, const char* format, va_list list) {
  char text[256];
  std::vsnprintf(text, sizeof text, format, list);
  auto& error = static_cast<TiffFile*>(self)->error_;
  if (error.empty()) error = printable(text);
  return 1;
}

int TiffFile::on_warning(TIFF*, void* self, const char*, const char* format, va_list list) {
  char text[256];
  std::vsnprintf(text, sizeof text, format, list);
  auto& warning = static_cast<TiffFile*>(self)->warning_;
  if (warning.empty()) warning = printable(text);
  return 1;
}

}  // namespace fovea::image
