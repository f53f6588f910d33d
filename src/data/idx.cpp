// IDX, the format of MNIST: 0, 0, type, rank, then big-endian sizes and elements
// (http://yann.lecun.com/exdb/mnist/).
#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "fovea/data.h"
#include "tensor/elements.h"

namespace fovea::data {
namespace {

DType dtype_of_code(int code) {
  switch (code) {
    case 0x08:
      return u8;
    case 0x0B:
      return i16;
    case 0x0C:
      return i32;
    case 0x0D:
      return f32;
    case 0x0E:
      return f64;
    default:
      fail("element type 0x{:02X} is unknown; 08 (u8) 0B (i16) 0C (i32) 0D (f32) 0E (f64) are supported",
           code);
  }
}

Tensor parse(const std::shared_ptr<Bytes>& bytes) {
  Reader in(*bytes, "the header");
  check(in.u8() == 0 && in.u8() == 0, "it is no IDX file: the first two bytes are not 0");
  const DType dtype = dtype_of_code(in.u8());
  const int rank = in.u8();
  std::vector<int64_t> shape;
  for (int i = 0; i < rank; ++i) shape.push_back(in.u32_be());
  const std::span<uint8_t> data = std::span(*bytes).subspan(in.position());
  const int64_t wanted = checked_bytes(shape, dtype);
  check(uint64_t(wanted) == data.size(), "the header promises {} bytes of {} {} but {} follow", wanted,
        name_of(dtype), Dims(shape), data.size());
  if (dtype == u8) return Tensor::wrap(data.data(), Dims(shape), u8, bytes);  // no second copy of the pixels
  for (auto at = data.begin(); at != data.end(); at += size_of(dtype)) std::reverse(at, at + size_of(dtype));
  return tensor_from_bytes(data, shape, dtype);
}

/// The file `stem` + "-idxN-ubyte" in `folder` as it is usually called, raw or gzipped.
std::string find_file(const std::string& folder, const std::string& stem, int rank) {
  for (const char* separator : {"-", "."})
    for (const char* ending : {"", ".gz"}) {
      const std::string path = fmt::format("{}/{}{}idx{}-ubyte{}", folder, stem, separator, rank, ending);
      if (is_file(path)) return path;
    }
  fail("there is no {}-idx{}-ubyte or {}-idx{}-ubyte.gz in {}", stem, rank, stem, rank, folder);
}

std::shared_ptr<Dataset> open_idx(const std::string& folder, TensorDataset::Info info) {
  const std::string stem = info.split == Split::train ? "train" : "t10k";
  const std::string images_path = find_file(folder, stem + "-images", 3);
  const std::string labels_path = find_file(folder, stem + "-labels", 1);
  const Tensor images = load_idx(images_path), labels = load_idx(labels_path);
  check(images.rank() == 3 && images.dtype() == u8, "{} holds {}, not u8 images (N,H,W)", images_path,
        images.describe());
  check(labels.rank() == 1 && labels.dtype() == u8, "{} holds {}, not u8 labels (N)", labels_path,
        labels.describe());
  try {
    return std::make_shared<TensorDataset>(
        images.reshape({images.size(0), 1, images.size(1), images.size(2)}), labels.to_vector<int64_t>(),
        std::move(info));
  } catch (const Error& e) {
    fail("cannot use {} with {}: {}", images_path, labels_path, e.what());
  }
}

}  // namespace

Tensor load_idx(const std::string& path) {
  const auto bytes = std::make_shared<Bytes>(read_file_gunzip(path));
  try {
    return parse(bytes);
  } catch (const Error& e) {
    fail("cannot read {}: {}", path, e.what());
  }
}

std::shared_ptr<Dataset> open_mnist(const std::string& folder, Split split) {
  return open_idx(folder, {.name = "MNIST",
                           .split = split,
                           .classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                           .normalization = Normalization{{0.1307f}, {0.3081f}}});
}

std::shared_ptr<Dataset> open_fashion_mnist(const std::string& folder, Split split) {
  return open_idx(folder, {.name = "Fashion-MNIST",
                           .split = split,
                           .classes = {"t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
                                       "sneaker", "bag", "ankle boot"},
                           .normalization = Normalization{{0.2860f}, {0.3530f}}});
}

}  // namespace fovea::data
