#include "fovea/files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "data/picture.h"
#include "data/planes.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t usual_size = 224;

/// `pixels` scaled so that they cover (height, width), then cropped in the centre.
Tensor cover(const Tensor& pixels, int64_t height, int64_t width) {
  const int64_t h = pixels.size(0), w = pixels.size(1);
  if (h == height && w == width) return pixels;
  const bool wide = width * h >= height * w;  // the width decides
  const Tensor scaled = wide ? image::resize(pixels, std::max(height, h * width / w), width)
                             : image::resize(pixels, height, std::max(width, w * height / h));
  return image::center_crop(scaled, height, width);
}

/// How many frames a file holds; 1 if it cannot be read, which is told when it is.
int64_t frames_of(const std::string& path) {
  try {
    return image::probe(read_file(path), path).frames;
  } catch (const Error&) {
    return 1;
  }
}

std::vector<FileExample> each_frame(const std::vector<FileExample>& examples) {
  std::vector<FileExample> all;
  for (const FileExample& e : examples)
    for (int64_t k = 0, n = frames_of(e.path); k < n; ++k) {
      all.push_back(e);
      all.back().frame = k;
    }
  return all;
}

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_jpeg_name(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = char(std::tolower(uint8_t(c)));
  return extension == ".jpg" || extension == ".jpeg";
}

/// DICOM files often have a number for a name.
bool is_nameless_dicom(const fs::path& path) {
  if (path.has_extension()) return false;
  char start[132] = {};
  return std::ifstream(path, std::ios::binary).read(start, sizeof start) &&
         std::equal(start + 128, start + 132, "DICM");
}

}  // namespace

FileDataset::FileDataset(Info info, std::vector<FileExample> examples, const PictureSurvey& survey,
                         const OpenOptions& options)
    : examples_(std::move(examples)) {
  name_ = std::move(info.name), split_ = info.split, task_ = info.task;
  classes_ = std::move(info.classes), warnings_ = std::move(info.warnings);
  check(options.imgsz >= 0 && options.imgsz <= 65536, "imgsz={} is no size in 1..65536", options.imgsz);
  check(!examples_.empty(), "{}: there are no examples", name_);
  for (const FileExample& e : examples_)
    check(e.label >= 0 && e.label < int64_t(classes_.size()), "{}: label {} of {} is outside of 0..{}", name_,
          e.label, e.path, int64_t(classes_.size()) - 1);
  const bool targets = task_ == Task::multilabel || task_ == Task::regress;
  for (const FileExample& e : examples_) {
    check(e.target.size() == (targets ? classes_.size() : 0), "{}: {} has {} targets for {}", name_, e.path,
          e.target.size(), classes_.size());
    longest_ = std::max(longest_, int64_t(e.string.size()));
  }
  format_ = survey.format(options);
  if (!survey.empty())
    for (std::string& text : survey.warnings(*format_, options)) warnings_.push_back(std::move(text));
  if (format_->frames.kind == Frames::each) examples_ = each_frame(examples_);
  dtype_ = format_->dtype;
  const int64_t size = options.imgsz > 0 ? options.imgsz : usual_size;
  if (survey.alike() && (options.imgsz == 0 || (survey.height() == size && survey.width() == size))) {
    shape_ = {format_->channels, survey.height(), survey.width()};
    return;
  }
  const int64_t stored = (size * 8 + 6) / 7;
  shape_ = {format_->channels, stored, stored};
  set_transforms(Compose(Cover(stored), CenterCrop(size)),
                 Compose(Cover(stored), RandomCrop(size), RandomHorizontalFlip()));
}

Numbers FileDataset::numbers(int64_t index, const PictureFormat& format) const {
  const FileExample& e = examples_[size_t(index)];
  return decode_numbers(read_file(e.path), e.path, format, e.frame);
}

Tensor FileDataset::picture(int64_t index) const {
  return picture_of(numbers(index, *format_), examples_[size_t(index)].path);
}

void FileDataset::target(int64_t index, std::span<float> out) const {
  const std::vector<float>& target = examples_[size_t(index)].target;
  if (target.empty()) return Dataset::target(index, out);
  std::copy_n(target.begin(), out.size(), out.begin());
}

std::vector<int64_t> FileDataset::string(int64_t index) const { return examples_[size_t(index)].string; }

bool FileDataset::is_plain_jpeg(int64_t index) const {
  const PictureFormat& f = *format_;
  const bool color = f.color == image::ColorModel::gray || f.color == image::ColorModel::rgb;
  return f.dtype == u8 && f.frames == Frames{} && color && is_jpeg_name(examples_[size_t(index)].path);
}

std::span<const uint8_t> FileDataset::picture_file(int64_t index, Bytes& memory) const {
  if (!is_plain_jpeg(index)) return {};
  return read_file(examples_[size_t(index)].path, memory);
}

void FileDataset::read(int64_t index, const Tensor& row) const {
  table_to_planes(cover(picture(index), shape_[1], shape_[2]), row);
}

std::string FileDataset::where(int64_t index) const {
  const FileExample& e = examples_[size_t(index)];
  return e.frame == 0 ? e.path : fmt::format("{} frame {}", e.path, e.frame);
}

std::vector<std::string> image_files_below(const std::string& folder) {
  std::vector<std::string> files;
  for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink);
       it != fs::recursive_directory_iterator(); ++it) {
    check(it.depth() < 32, "{} is nested deeper than 32 folders (a link to itself?)", folder);
    if (hidden(it->path())) it.disable_recursion_pending();
    else if (it->is_regular_file() &&
             (image::is_image_name(it->path().string()) || is_nameless_dicom(it->path())))
      files.push_back(it->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace fovea::data
