#include "image/format/mpo.h"

#include "image/samples.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

/// The block of the index, laid out as a TIFF file; empty if there is none.
View8 index_of(View8 jpeg) {
  using namespace std::string_view_literals;
  for (size_t at = 2; at + 4 <= jpeg.size() && jpeg[at] == 0xff && jpeg[at + 1] != 0xda;) {
    const size_t length = size_t(jpeg[at + 2] << 8 | jpeg[at + 3]);
    if (length < 2 || at + 2 + length > jpeg.size()) break;
    const View8 body = jpeg.subspan(at + 4, length - 2);
    if (jpeg[at + 1] == 0xe2 && starts_with(body, "MPF\0"sv)) return body.subspan(4);
    at += 2 + length;
  }
  return {};
}

const char* kind_of(uint32_t attributes) {
  switch (attributes & 0xffffff) {
    case 0x030000:
      return "primary";
    case 0x010001:
    case 0x010002:
      return "preview";
    case 0x020001:
      return "panorama";
    case 0x020002:
      return "disparity";
    case 0x020003:
      return "angle";
    default:
      return "other";
  }
}

/// The entries of the index, 16 bytes for each picture; throws beyond the end of the block.
class Index {
 public:
  explicit Index(View8 block) : block_(block), big_(block.size() > 0 && block[0] == 'M') {
    check(is_tiff(block), "it is no TIFF block");
    const size_t directory = number<uint32_t>(4);
    for (int i = 0, n = number<uint16_t>(directory); i < n; ++i) {
      const size_t field = directory + 2 + size_t(i) * 12;
      if (number<uint16_t>(field) != entries_tag) continue;
      start_ = number<uint32_t>(field + 8), count_ = number<uint32_t>(field + 4) / 16;
    }
    check(count_ > 0, "it lists no pictures");
  }

  size_t count() const { return count_; }
  uint32_t attributes(size_t i) const { return number<uint32_t>(start_ + i * 16); }
  size_t bytes(size_t i) const { return number<uint32_t>(start_ + i * 16 + 4); }
  size_t offset(size_t i) const { return number<uint32_t>(start_ + i * 16 + 8); }

 private:
  static constexpr uint16_t entries_tag = 0xb002;

  template <class T>
  T number(size_t at) const {
    check(at <= block_.size() && block_.size() - at >= sizeof(T), "it ends too early");
    return load<T>(block_.data() + at, big_);
  }

  View8 block_;
  bool big_;
  size_t start_ = 0, count_ = 0;
};

}  // namespace

MultiPicture multi_picture(View8 jpeg) {
  const View8 block = index_of(jpeg);
  MultiPicture out;
  if (block.empty()) return out;
  try {
    const Index index(block);
    const auto base = size_t(block.data() - jpeg.data());
    for (size_t i = 0; i < index.count(); ++i) {
      const size_t start = i == 0 ? 0 : base + index.offset(i), bytes = i == 0 ? jpeg.size() : index.bytes(i);
      check(start <= jpeg.size() && bytes <= jpeg.size() - start && bytes > 2 && jpeg[start] == 0xff &&
                jpeg[start + 1] == 0xd8,
            "picture {} is not where it should be", i);
      out.pictures.push_back(jpeg.subspan(start, bytes));
      out.kinds.push_back(kind_of(index.attributes(i)));
    }
  } catch (const Error& e) {
    out = {};
    out.warning = fmt::format("the index of pictures is damaged: {}", e.what());
  }
  return out;
}

}  // namespace fovea::image
