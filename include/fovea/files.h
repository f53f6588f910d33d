// Image files as a data set: a list of files with labels, read alike (fovea/picture.h). The folder of classes
// is one way to make such a list (open_image_folder); every other list of files is made into a data set the
// same way:
//   const std::vector<data::FileExample> list{{"a.tif", 0}, {"b.tif", 1}};
//   data::FileDataset set({"list", data::Split::train, {"cat", "dog"}}, list, data::survey_files({"a.tif",
//   "b.tif"}));
// Threads: a FileDataset may be read from many threads at once.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fovea/data.h"
#include "fovea/picture.h"

namespace fovea::data {

/// What image files are like, by their headers: decides how all of a set are read.
class PictureSurvey {
 public:
  void add(const image::Header& header);
  bool empty() const { return kinds_.empty(); }
  /// options.format if it is given; else by the headers: gray if all are, CMYK or RGBA if four channels are
  /// asked for, channels without colour as they are, else RGB; the depth of the deepest; physical values if
  /// some file has a scale for its numbers. Throws naming files whose channels do not go together, or a
  /// number of channels that cannot be had.
  PictureFormat format(const OpenOptions& options = {}) const;
  /// Whether all are of one size, which is then that of the first.
  bool alike() const { return alike_; }
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  /// What is odd about reading these files as `format`: different depths, frames that are left out, rounding.
  std::vector<std::string> warnings(const PictureFormat& format, const OpenOptions& options) const;

 private:
  struct Kind {  // headers that are read the same
    image::ColorModel color;
    int64_t channels;
    DType dtype;
    bool values;
    int64_t frames;
    std::string first;  // file
  };
  image::ColorModel color_for(int64_t channels) const;
  std::vector<Kind> kinds_;
  int64_t height_ = 0, width_ = 0;
  bool alike_ = true;
};

/// The survey of a few of `files`: of 32 spread ones and of the first with each extension. Throws if none of
/// them can be read.
PictureSurvey survey_files(const std::vector<std::string>& files, const OpenOptions& options = {});

struct Numbers;  // of a picture, before its range is applied (data/picture.h)

struct FileExample {
  std::string path;
  int64_t label = 0;
  int64_t frame = 0;                 // set by FileDataset where each frame is an example
  std::vector<float> target = {};    // of labels and numbers: one for each of the classes
  float weight = 1;                  // how often it should come (sampler=weighted)
  std::vector<int64_t> string = {};  // of task transcribe
};

class FileDataset : public Dataset {
 public:
  struct Info {
    std::string name;
    Split split = Split::train;
    std::vector<std::string> classes = {};
    std::vector<std::string> warnings = {};
    Task task = Task::classify;
  };
  /// `survey` is of the files of all splits, so that these agree. Pictures alike in size stay as they are
  /// unless options.imgsz asks for another size; others are scaled to cover a square of 8/7 imgsz (256 for
  /// 224, the margin of Krizhevsky et al. 2012), of which the transforms take a crop. Throws if there are no
  /// examples, or a label is outside of the classes.
  FileDataset(Info info, std::vector<FileExample> examples, const PictureSurvey& survey,
              const OpenOptions& options = {});
  int64_t size() const override { return int64_t(examples_.size()); }
  int64_t label(int64_t index) const override { return examples_[size_t(index)].label; }
  void target(int64_t index, std::span<float> out) const override;
  std::vector<int64_t> string(int64_t index) const override;
  float weight(int64_t index) const override { return examples_[size_t(index)].weight; }
  void read(int64_t index, const Tensor& row) const override;
  bool in_memory() const override { return false; }
  bool has_pictures() const override { return true; }
  Tensor picture(int64_t index) const override;
  std::span<const uint8_t> picture_file(int64_t index, std::vector<uint8_t>& memory) const override;
  std::string where(int64_t index) const override;
  std::string source(int64_t index) const override { return examples_[size_t(index)].path; }
  const FileExample& file(int64_t index) const { return examples_[size_t(index)]; }
  /// Example `index` read as `format`, which may be another than the set's own.
  virtual Numbers numbers(int64_t index, const PictureFormat& format) const;

 protected:
  /// Whether picture() does no more to example `index`, a JPEG file by its name, than picture_file() allows.
  bool is_plain_jpeg(int64_t index) const;

 private:
  std::vector<FileExample> examples_;
};

/// All images at any depth below `folder`, sorted: files with the name of a format that is read, and DICOM
/// files without an extension. Hidden ones are left out.
std::vector<std::string> image_files_below(const std::string& folder);
/// The same for videos (fovea/video.h).
std::vector<std::string> video_files_below(const std::string& folder);
/// Frames of these videos as examples without a class: video by video, spread evenly over each, 8 of them
/// unless options.frames or options.format says otherwise.
std::shared_ptr<FileDataset> open_video_files(const std::vector<std::string>& files,
                                              const OpenOptions& options = {});

}  // namespace fovea::data
