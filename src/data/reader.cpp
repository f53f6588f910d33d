#include "data/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace fovea::data {
namespace {

int64_t row_bytes(const Dataset& d) { return d.example_shape().numel() * size_of(d.dtype()); }

/// A picture whose shorter side is longer than `side` scaled down to it.
Picture reduced(const Picture& picture, int64_t side) {
  const int64_t shorter = std::min(picture.height, picture.width);
  if (side == 0 || shorter <= side) return picture;
  const Tensor table = picture.owner ? picture.owner : picture.window({0, 0, picture.height, picture.width});
  return Picture(image::resize(table, picture.height * side / shorter, picture.width * side / shorter));
}

}  // namespace

ExampleReader::ExampleReader(std::shared_ptr<const Dataset> dataset, bool pictures, int64_t cache_side,
                             Note warn, Note inform)
    : dataset_(std::move(dataset)),
      pictures_(pictures),
      cache_side_(cache_side),
      warn_(std::move(warn)),
      inform_(std::move(inform)) {
  if (!warn_) warn_ = [](const std::string& text) { fmt::print(stderr, "warning: {}\n", text); };
  if (!inform_) inform_ = [](const std::string& text) { fmt::print(stderr, "{}\n", text); };
}

void ExampleReader::open_cache(Cache kind, int threads) {
  if (kind == Cache::none || dataset_->in_memory() || cache_) return;
  if (kind == Cache::ram) {
    cache_ = ram_cache(dataset_->size(), available_memory() / 10 * 8, warn_);
    return;
  }
  const auto& format = dataset_->format();
  std::string form = fmt::format("{} {}", dataset_->example_shape()[0], name_of(dataset_->dtype()));
  form +=
      pictures_ ? fmt::format(" pictures {}", cache_side_) : fmt::format(" {}", dataset_->example_shape());
  if (format) form += " " + format->describe();
  std::vector<PictureDecoder> decoders(pictures_ ? size_t(threads) : 0);
  const auto decode = [&](int64_t index, int thread) -> Tensor {
    try {
      if (pictures_) return whole_picture(index, decoders[size_t(thread)]).owner;
      const Tensor row = Tensor::empty(dataset_->example_shape(), dataset_->dtype());
      dataset_->read(index, row);
      return row.reshape({1, row.numel(), 1});
    } catch (const Error&) {
      return {};  // told when it is wanted
    }
  };
  cache_ = disk_cache(packed_for(*dataset_, form, pictures_ ? dataset_->example_shape()[0] : 1), decode,
                      threads, warn_, inform_);
}

template <class F>
int64_t ExampleReader::first_readable(int64_t index, const F& read) {
  const int64_t n = dataset_->size();
  for (int64_t step = 0; step < n; ++step) {
    const int64_t i = (index + step) % n;
    // Of a picture that is bad as a whole, another part may do.
    if ((step > 0 || !pictures_) && known_bad(i)) continue;
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
    if (!cache_ && i == index) {
      picture = decoder.decode(*dataset_, i, choose);
      return count(picture.height, picture.width);
    }
    if (!cache_ || !cache_->find(i, picture)) {
      picture = whole_picture(i, decoder);
      if (cache_) cache_->keep(i, picture.owner);
    }
    count(picture.height, picture.width);
    choose(picture.height, picture.width);
  });
}

/// As it would be cached, if there is a cache.
Picture ExampleReader::whole_picture(int64_t index, PictureDecoder& decoder) const {
  return reduced(decoder.decode(*dataset_, index), cache_side_);
}

void ExampleReader::read_cached(int64_t index, const Tensor& row) {
  Picture kept;
  if (cache_ && cache_->find(index, kept) && kept.height * kept.width == row.numel())
    return void(std::memcpy(row.raw(), kept.table.data, size_t(row_bytes(*dataset_))));
  dataset_->read(index, row);
  if (cache_) cache_->keep(index, row.reshape({1, row.numel(), 1}));
}

void ExampleReader::count(int64_t height, int64_t width) {
  seen_.fetch_add(1, std::memory_order_relaxed);
  seen_pixels_.fetch_add(height * width, std::memory_order_relaxed);
}

int64_t ExampleReader::decoded_bytes() const {
  if (!pictures_) return row_bytes(*dataset_) * dataset_->size();
  const int64_t seen = seen_;
  if (seen == 0) return 0;
  const double pixels = double(seen_pixels_) / double(seen) * double(dataset_->size());
  return int64_t(pixels * double(dataset_->example_shape()[0] * size_of(dataset_->dtype())));
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
