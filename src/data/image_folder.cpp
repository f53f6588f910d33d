#include <algorithm>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "data/planes.h"
#include "fovea/data.h"
#include "fovea/image.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t usual_size = 224, probed = 16;
constexpr uint64_t split_stream = uint64_t{0xD2} << 56;

using Files = std::vector<std::string>;
using Classes = std::map<std::string, Files>;  // sorted by name, and so are the files of each

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// All images at any depth below `folder`.
Files images_below(const fs::path& folder) {
  Files files;
  for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink);
       it != fs::recursive_directory_iterator(); ++it) {
    check(it.depth() < 32, "{} is nested deeper than 32 folders (a link to itself?)", folder.string());
    if (hidden(it->path())) it.disable_recursion_pending();
    else if (it->is_regular_file() && image::is_image_name(it->path().string()))
      files.push_back(it->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Classes scan(const fs::path& root) {
  Classes classes;
  int64_t loose = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (hidden(entry.path())) continue;
    if (entry.is_directory()) classes[entry.path().filename().string()] = images_below(entry.path());
    else loose += image::is_image_name(entry.path().string());
  }
  int64_t count = 0;
  for (const auto& [name, files] : classes) count += int64_t(files.size());
  check(count > 0 || loose == 0,
        "folder {} holds {} images but no subfolder with some; each class wants a subfolder: {}/cat/1.jpg",
        root.string(), thousands(loose), root.string());
  check(count > 0, "folder {} holds no images (docs/formats.md) in subfolders", root.string());
  return classes;
}

/// The part of one class that belongs to `split`: one file in ten (at least one of two or more) is for
/// validation.
Files part_of(Files files, Split split, uint64_t seed, uint64_t class_number) {
  Generator random(seed, split_stream | class_number);
  Files shuffled = files;
  for (size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);
  const size_t val = files.size() < 2 ? 0 : std::max<size_t>(1, (files.size() + 5) / 10);
  const auto border = shuffled.begin() + int64_t(val);
  Files part = split == Split::val ? Files(shuffled.begin(), border) : Files(border, shuffled.end());
  std::sort(part.begin(), part.end());
  return part;
}

/// What the first readable images are like, or should become.
struct Format {
  int64_t height = 0, width = 0;
  bool alike = true, gray = true, deep = false;
};

Format probe(const Files& files) {
  Format f;
  std::string first_error;
  const int64_t n = int64_t(files.size()), wanted = std::min(n, probed);
  for (int64_t k = 0; k < wanted; ++k) {
    const std::string& path = files[size_t(k * n / wanted)];
    try {
      const image::Header header = image::probe(read_file(path), path);
      const bool turned = header.orientation >= 5;
      const int64_t height = turned ? header.width() : header.height(),
                    width = turned ? header.height() : header.width();
      f.alike &= f.height == 0 || (f.height == height && f.width == width);
      if (f.height == 0) f.height = height, f.width = width;
      f.gray &= header.color == image::ColorModel::gray || header.color == image::ColorModel::gray_alpha;
      f.deep |= header.dtype == u16;
    } catch (const Error& e) {
      if (first_error.empty()) first_error = e.what();
    }
  }
  check(f.height > 0, "none of {} images can be read: {}", wanted, first_error);
  return f;
}

/// `pixels` scaled so that they cover (height, width), then cropped in the centre.
Tensor cover(const Tensor& pixels, int64_t height, int64_t width) {
  const int64_t h = pixels.size(0), w = pixels.size(1);
  if (h == height && w == width) return pixels;
  const bool wide = width * h >= height * w;  // the width decides
  const Tensor scaled = wide ? image::resize(pixels, std::max(height, h * width / w), width)
                             : image::resize(pixels, height, std::max(width, w * height / h));
  return image::center_crop(scaled, height, width);
}

/// 8 bits to 16 by 257, so that white stays white.
Tensor deepened(const Tensor& pixels) {
  const Tensor out = Tensor::empty(pixels.shape(), u16);
  const uint8_t* in = pixels.data<uint8_t>();
  std::transform(in, in + pixels.numel(), out.data<uint16_t>(), [](uint8_t v) { return uint16_t(v * 257); });
  return out;
}

class ImageFolder : public Dataset {
 public:
  ImageFolder(const std::string& folder, Split split, const OpenOptions& options);
  int64_t size() const override { return int64_t(files_.size()); }
  int64_t label(int64_t index) const override { return labels_[size_t(index)]; }
  void read(int64_t index, const Tensor& row) const override;
  bool in_memory() const override { return false; }
  bool has_pictures() const override { return true; }
  Tensor picture(int64_t index) const override;
  std::string where(int64_t index) const override { return files_[size_t(index)]; }

 private:
  void set_format(const Format& format, const OpenOptions& options);

  Files files_;
  std::vector<int64_t> labels_;
};

ImageFolder::ImageFolder(const std::string& folder, Split split, const OpenOptions& options) {
  name_ = folder, split_ = split;
  const bool has_train = fs::is_directory(fs::path(folder) / "train");
  const Classes train = scan(has_train ? fs::path(folder) / "train" : fs::path(folder));
  Classes held_out;
  if (has_train)
    for (const char* name : {"val", "valid", "test"})
      if (held_out.empty() && fs::is_directory(fs::path(folder) / name))
        held_out = scan(fs::path(folder) / name);

  Files all;
  for (const auto& [name, files] : train) {
    if (files.empty()) {
      warnings_.push_back(fmt::format("class {} has no image and is left out", name));
      continue;
    }
    if (files.size() == 1) warnings_.push_back(fmt::format("class {} has one image", name));
    all.insert(all.end(), files.begin(), files.end());
    const uint64_t number = classes_.size();
    classes_.push_back(name);
    Files part = files;
    if (held_out.empty()) part = part_of(files, split, options.seed, number);
    else if (split == Split::val) part = std::exchange(held_out[name], {});
    labels_.insert(labels_.end(), part.size(), int64_t(number));
    files_.insert(files_.end(), part.begin(), part.end());
  }
  if (split == Split::val)
    for (const auto& [name, files] : held_out)
      check(files.empty(), "class {} of the validation images has no training images in {}", name, folder);
  check(!files_.empty(), "{}: no images are left for {}; a class of one image is for training alone", folder,
        name_of(split));
  set_format(probe(all), options);
}

void ImageFolder::set_format(const Format& format, const OpenOptions& options) {
  check(options.channels == 0 || options.channels == 1 || options.channels == 3,
        "channels={} of images is 1 or 3", options.channels);
  check(options.imgsz >= 0 && options.imgsz <= 65536, "imgsz={} is no size in 1..65536", options.imgsz);
  const int64_t channels = options.channels > 0 ? options.channels : format.gray ? 1 : 3;
  const int64_t size = options.imgsz > 0 ? options.imgsz : usual_size;
  dtype_ = format.deep ? u16 : u8;
  if (format.alike && (options.imgsz == 0 || (format.height == size && format.width == size))) {
    shape_ = {channels, format.height, format.width};
    return;
  }
  const int64_t stored = (size * 8 + 6) / 7;  // 256 for 224, the margin of Krizhevsky et al. 2012
  shape_ = {channels, stored, stored};
  set_transforms(Compose(CenterCrop(size)), Compose(RandomCrop(size), RandomHorizontalFlip()));
}

Tensor ImageFolder::picture(int64_t index) const {
  const image::Image image = image::read(files_[size_t(index)]);
  const Tensor upright = image::upright(image);
  const Tensor colour =
      shape_[0] == 1 ? image::to_gray(upright, image.color) : image::to_rgb(upright, image.color);
  const Tensor pixels = dtype_ == u8           ? image::to_u8(colour)
                        : colour.dtype() == u8 ? deepened(colour)
                                               : colour;
  return pixels.reshape({pixels.size(0), pixels.size(1), shape_[0]}).contiguous();
}

void ImageFolder::read(int64_t index, const Tensor& row) const {
  table_to_planes(cover(picture(index), shape_[1], shape_[2]), row);
}

}  // namespace

std::shared_ptr<Dataset> open_image_folder(const std::string& folder, Split split,
                                           const OpenOptions& options) {
  try {
    return std::make_shared<ImageFolder>(folder, split, options);
  } catch (const fs::filesystem_error& e) {
    fail("cannot read folder {}: {}", e.path1().string(), e.code().message());
  }
}

}  // namespace fovea::data
