#include "data/reader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace fovea::data {
namespace {

int64_t row_bytes(const Dataset& d) { return d.example_shape().numel() * size_of(d.dtype()); }

/// 80 % of the machine's.
int64_t memory_for_cache() {
  static const int64_t bytes = int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE) / 10 * 8;
  return bytes;
}

void check_fits_memory(const Dataset& dataset) {
  int64_t bytes;
  check(!__builtin_mul_overflow(row_bytes(dataset), dataset.size(), &bytes) && bytes < memory_for_cache(),
        "cache=true wants {} examples of {} bytes in memory, but there are {} MB for it; use cache=false or "
        "smaller images",
        thousands(dataset.size()), thousands(row_bytes(dataset)), thousands(memory_for_cache() >> 20));
}

}  // namespace

ExampleReader::ExampleReader(std::shared_ptr<const Dataset> dataset, bool cache, bool pictures, Warn warn)
    : dataset_(std::move(dataset)), warn_(std::move(warn)), by_parts_(pictures && !cache) {
  if (!warn_) warn_ = [](const std::string& text) { fmt::print(stderr, "warning: {}\n", text); };
  if (!cache || dataset_->in_memory()) return;
  if (pictures) {
    pictures_.resize(size_t(dataset_->size()));
    cached_ = std::make_unique<std::atomic<uint8_t>[]>(pictures_.size());
    return;
  }
  check_fits_memory(*dataset_);
  cache_ = std::make_unique_for_overwrite<char[]>(size_t(row_bytes(*dataset_) * dataset_->size()));
  cached_ = std::make_unique<std::atomic<uint8_t>[]>(size_t(dataset_->size()));
}

template <class F>
int64_t ExampleReader::first_readable(int64_t index, const F& read) {
  const int64_t n = dataset_->size();
  for (int64_t step = 0; step < n; ++step) {
    const int64_t i = (index + step) % n;
    // Of a picture that is bad as a whole, another part may do.
    if ((step > 0 || !by_parts_) && known_bad(i)) continue;
    try {
      read(i);
      return i;
    } catch (const Error& e) {
      note_bad(i, e.what());
    }
  }
  fail("no example of {} can be read", dataset_->name());
}

int64_t ExampleReader::read(int64_t index, const Tensor& row) {
  return first_readable(index, [&](int64_t i) { read_cached(i, row); });
}

int64_t ExampleReader::read_picture(int64_t index, PictureDecoder& decoder,
                                    const PictureDecoder::Choose& choose, Picture& picture) {
  return first_readable(index, [&](int64_t i) {
    if (!pictures_.empty()) picture = cached_picture(i, decoder);
    else if (i == index) return void(picture = decoder.decode(*dataset_, i, choose));
    else picture = decoder.decode(*dataset_, i);
    choose(picture.height, picture.width);
  });
}

Picture ExampleReader::cached_picture(int64_t index, PictureDecoder& decoder) {
  auto& state = cached_[size_t(index)];
  if (state.load(std::memory_order_acquire) == 2) return Picture(pictures_[size_t(index)]);
  const Picture picture = decoder.decode(*dataset_, index);
  const int64_t bytes = picture.owner.numel() * size_of(picture.owner.dtype());
  if (picture_bytes_ + bytes > memory_for_cache()) return picture;  // what does not fit is decoded each time
  if (uint8_t absent = 0; !state.compare_exchange_strong(absent, 1)) return picture;
  picture_bytes_ += bytes;
  pictures_[size_t(index)] = picture.owner.clone();
  state.store(2, std::memory_order_release);
  return picture;
}

void ExampleReader::read_cached(int64_t index, const Tensor& row) {
  if (!cache_) return dataset_->read(index, row);
  const size_t bytes = size_t(row_bytes(*dataset_));
  char* place = cache_.get() + size_t(index) * bytes;
  auto& state = cached_[size_t(index)];
  if (state.load(std::memory_order_acquire) == 2) return void(std::memcpy(row.raw(), place, bytes));
  dataset_->read(index, row);
  if (uint8_t absent = 0; !state.compare_exchange_strong(absent, 1)) return;
  std::memcpy(place, row.raw(), bytes);
  state.store(2, std::memory_order_release);
}

bool ExampleReader::known_bad(int64_t index) const {
  if (bad_count_ == 0) return false;
  std::lock_guard lock(mutex_);
  return bad_.contains(index);
}

void ExampleReader::note_bad(int64_t index, const std::string& reason) {
  std::lock_guard lock(mutex_);
  const std::string where = dataset_->where(index);
  if (!bad_.emplace(index, reason.find(where) != reason.npos ? reason : where + ": " + reason).second) return;
  bad_count_ = int64_t(bad_.size());
  if (bad_count_ * 100 <= dataset_->size())
    return warn_(fmt::format("skipped ({} so far) {}", bad_count_.load(), bad_[index]));
  std::string list;
  int listed = 0;
  for (const auto& [i, text] : bad_)
    if (listed++ < 5) list += "\n  " + text;
  fail("{} of {} examples of {} cannot be read, more than 1 %. The first:{}", bad_count_.load(),
       thousands(dataset_->size()), dataset_->name(), list);
}

std::vector<std::string> ExampleReader::bad_examples() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> list;
  for (const auto& [index, text] : bad_) list.push_back(text);
  return list;
}

}  // namespace fovea::data
