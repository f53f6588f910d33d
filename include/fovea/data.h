// Data sets: a list of examples of one shape and type with their labels. Names, folders and synthetic sets
// open the same way: "mnist", "cifar10:folder", "photos/", "spiral:500".
//   auto train = data::open_dataset("mnist", data::Split::train);
//   fmt::print("{}", data::summary(*train).str());
// Threads: a Dataset may be read from many threads at once.
#pragma once
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fovea/picture.h"
#include "fovea/tensor.h"
#include "fovea/transforms.h"

namespace fovea::data {

/// What an example is for: to learn from, or to measure with (never to learn from).
enum class Split { train, val, test = val };
const char* name_of(Split split);

/// What a network is to say of an example: which one of the classes it is, which of several labels it has,
/// numbers, the string that stands in it, or the class of each of its pixels.
enum class Task : uint8_t { classify, multilabel, regress, transcribe, segment };
/// "classify", "multilabel", "regress", "transcribe", "segment"
const char* name_of(Task task);
/// Throws naming all of them if `name` is none.
Task task_named(const std::string& name);

/// The class in a mask of pixels that count neither in a loss nor in a measure: objects' borders, the
/// unknown.
constexpr int64_t ignored_class = 255;

/// Per channel: y = (x - mean) / std, where integer pixels are first scaled to 0..1 by their type's largest
/// value.
struct Normalization {
  std::vector<float> mean, std;
  bool operator==(const Normalization&) const = default;
};

struct Example {
  Tensor image;  // (C,H,W) or (features)
  int64_t label = 0;
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  /// The class of example `index`; 0 where the task is another. *Requires* 0 <= index < size(). *Ensures*
  /// 0 <= label < classes().size().
  virtual int64_t label(int64_t index) const = 0;
  /// What is true of example `index`, in the order of classes(): 1 for the labels that it has, else 0; its
  /// numbers; or how often each character stands in its string. *Requires* task multilabel, regress or
  /// transcribe, and out.size() == classes().size().
  virtual void target(int64_t index, std::span<float> out) const;
  /// The string in example `index`, as numbers of its characters in classes(). *Requires* task transcribe.
  virtual std::vector<int64_t> string(int64_t index) const;
  /// The most characters that a string has; 0 if the task is another.
  int64_t longest() const { return longest_; }
  /// The class of each pixel of example `index`, or ignored_class: u8 (H,W), as large as picture(), or as
  /// example_shape() where has_pictures() is false. *Requires* task segment. Throws Error if unreadable.
  virtual Tensor mask(int64_t index) const;
  /// How often example `index` should come, relative to others (sampler=weighted).
  virtual float weight(int64_t) const { return 1; }
  /// Writes example `index` into `row`, a contiguous tensor of example_shape() and dtype(). Throws Error if
  /// unreadable.
  virtual void read(int64_t index, const Tensor& row) const = 0;
  /// Whether reading is a mere copy, so that caching would gain nothing.
  virtual bool in_memory() const { return true; }
  /// Whether picture() is there: examples are files of any size, and example_shape() is what read() scales
  /// them to.
  virtual bool has_pictures() const { return false; }
  /// Example `index` in its own size: (H,W,C) with the channels and dtype() of the set. Throws Error if
  /// unreadable. *Requires* has_pictures().
  virtual Tensor picture(int64_t index) const;
  /// The file that picture() decodes, read into `memory`, if that does no more than to turn it upright and to
  /// make it gray or RGB of 8 bits: a loader may then decode less than all of it. Empty otherwise.
  virtual std::span<const uint8_t> picture_file(int64_t index, std::vector<uint8_t>& memory) const;
  /// The file that example `index` comes from; empty if there is none.
  virtual std::string source(int64_t index) const;
  /// What to call example `index` in a message: its file, or "example 7 of MNIST".
  virtual std::string where(int64_t index) const;

  const std::string& name() const { return name_; }
  Split split() const { return split_; }
  /// (C,H,W) or (features)
  const Dims& example_shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  /// Names of classes or labels; of a regression, of its numbers; of strings, the characters of the alphabet.
  const std::vector<std::string>& classes() const { return classes_; }
  Task task() const { return task_; }
  /// Mean and standard deviation where the field has agreed on figures for this set.
  const std::optional<Normalization>& known_normalization() const { return normalization_; }
  /// How files become pictures, where examples are files.
  const std::optional<PictureFormat>& format() const { return format_; }
  /// What a loader does to the examples before a network sees them; `augment` adds the random changes usual
  /// for this set.
  const Compose& transforms(bool augment) const { return augment ? augment_ : prepare_; }
  void set_transforms(Compose prepare, Compose augment);
  /// What is odd about the set but no reason to refuse it, such as a class with one image.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// A copy of example `index`.
  Example example(int64_t index) const;
  /// "MNIST train  60,000 examples  28x28x1 u8  10 classes"
  std::string describe() const;

 protected:
  std::string name_;
  Split split_ = Split::train;
  Dims shape_;
  DType dtype_ = u8;
  Task task_ = Task::classify;
  int64_t longest_ = 0;
  std::vector<std::string> classes_;
  std::optional<Normalization> normalization_;
  std::optional<PictureFormat> format_;
  Compose prepare_, augment_;
  std::vector<std::string> warnings_;
};

/// Examples that lie in memory: the first dimension of a tensor.
class TensorDataset : public Dataset {
 public:
  struct Info {
    std::string name;
    Split split = Split::train;
    std::vector<std::string> classes;
    std::optional<Normalization> normalization = {};
    Compose prepare = {}, augment = {};
    std::vector<std::string> warnings = {};
  };
  /// `examples` (N,C,H,W) or (N,features). Throws if it is empty, counts differ or a label is outside of the
  /// classes.
  TensorDataset(Tensor examples, std::vector<int64_t> labels, Info info);
  int64_t size() const override { return int64_t(labels_.size()); }
  int64_t label(int64_t index) const override { return labels_[size_t(index)]; }
  void read(int64_t index, const Tensor& row) const override;
  const Tensor& examples() const { return examples_; }

 private:
  Tensor examples_;
  std::vector<int64_t> labels_;
};

struct OpenOptions {
  uint64_t seed = 0;  // of synthetic sets and of the part that is split off for validation
  int64_t imgsz = 0;  // side of the images that a network sees; 0: as they are, or 224 if a folder's differ
  double val = 0.1;   // part of the examples for validation, where a set does not say which
  std::optional<Task> task = {};           // of a list; by its columns if left out
  std::vector<std::string> alphabet = {};  // of the strings of a list; those that occur if left out
  int64_t world = 1, rank = 0;             // of tar shards: every world-th, from number rank on
  // Of image files:
  int channels = 0;                          // 1 gray, 3 RGB, 4 CMYK or with alpha; 0 as they are
  int depth = 0;                             // 16 or 32 bits at least; 0: that of the deepest of some
  std::optional<Frames> frames = {};         // of files with several; the first if left out; of videos 8
  std::optional<PictureFormat> format = {};  // of a model's card: takes the place of all of these
};

/// Opens a data set by what the user typed: a folder of images or of videos (see open_image_folder,
/// open_video_folder); a table of image files (see open_list); tar shards (see open_webdataset); a name
/// ("mnist", "fashion-mnist", "cifar10", "cifar100"), looked for in FOVEA_DATA, data/ of the current folder,
/// above the program and in its installed share; a name with its folder
/// ("cifar10:folder"); strips of MNIST's digits by their number ("digits:5", "digits:3-7"); a folder of
/// pictures and masks (see open_mask_folder); or a synthetic set with its size ("xor", "circles:200",
/// "spiral", "blobs", "line"; "shapes:64" of pictures with masks).
/// Throws with the places where it looked, or with the nearest known name.
std::shared_ptr<Dataset> open_dataset(const std::string& what, Split split, const OpenOptions& options = {});
/// The names that open_dataset knows.
std::vector<std::string> dataset_names();

/// A file in IDX format (MNIST's), raw or gzipped: u8, i16, i32, f32 or f64. Throws unless it holds what its
/// header promises.
Tensor load_idx(const std::string& path);
/// A folder with MNIST's four files under their canonical names, raw or .gz (LeCun et al. 1998).
std::shared_ptr<Dataset> open_mnist(const std::string& folder, Split split);
/// Fashion-MNIST: MNIST's format with ten kinds of clothing (Xiao et al. 2017).
std::shared_ptr<Dataset> open_fashion_mnist(const std::string& folder, Split split);
/// A folder with data_batch_1..5.bin and test_batch.bin (Krizhevsky 2009).
std::shared_ptr<Dataset> open_cifar10(const std::string& folder, Split split);
/// A folder with train.bin and test.bin; the labels are the 100 fine ones.
std::shared_ptr<Dataset> open_cifar100(const std::string& folder, Split split);
/// A folder with one subfolder of image files per class, sorted by name; decoded when read (fovea/files.h).
/// Subfolders train/ and val/ (or valid/, test/) are the splits if they are there; otherwise 10 % of each
/// class is split off for validation, by seed. Files are read alike, by what some of them are like
/// (PictureSurvey). If they differ in size, or imgsz asks for another one, they are scaled to cover a square
/// of 8/7 imgsz, which the transforms crop.
std::shared_ptr<Dataset> open_image_folder(const std::string& folder, Split split,
                                           const OpenOptions& options = {});
/// The same of videos (fovea/video.h): frames are the examples, with the label of their video. `frames` says
/// how many of each, spread evenly over it: a number (8 if left out), or all with Frames::each. The split
/// that is made is of videos, so that no video stands in both parts. Videos whose frames are small enough
/// together are decoded once, in one pass each, and kept, shrunk to what the network may need.
std::shared_ptr<Dataset> open_video_folder(const std::string& folder, Split split,
                                           const OpenOptions& options = {});
/// Whether there are videos below `folder`, and no images beside them.
bool holds_videos(const std::string& folder);
/// A table of image files, .csv or .tsv with a head line (RFC 4180; comma, semicolon or tab): a column path
/// (or image, file, filename), relative to the table; label (or class) with names or numbers of classes, or
/// several in a cell as "cat|dog"; or text, the string that stands in the image; otherwise every further
/// column counts: labels if it holds 0 and 1 alone in two columns or more, else numbers to predict. A column
/// split (train, val, test) tells the parts, a column group what may not be on both sides; else `val` of each
/// class is split off, by seed. A column weight says how often an example should come. Rows that cannot be
/// used become warnings with file and line.
std::shared_ptr<Dataset> open_list(const std::string& file, Split split, const OpenOptions& options = {});
/// WebDataset: tar shards, as a pattern "shards-{000..009}.tar" or a folder of .tar files, in which the files
/// of an example follow each other under one name: a picture and its class, as NAME.cls or NAME.txt with a
/// number or name, or as "label" of NAME.json. The shards are indexed once by their headers and then read by
/// place. Shards with val or test in their names are for validation, else `val` of each class, by seed.
std::shared_ptr<Dataset> open_webdataset(const std::string& what, Split split,
                                         const OpenOptions& options = {});
/// Whether `what` is such a pattern or folder.
bool is_webdataset(const std::string& what);
/// `count` amounts from 1 to 10 and what a constant makes of them: "miles" (in kilometers), "kilometers" (in
/// miles), "dollars" (in shekels, 3.2 of them). The first ten are 10, 9 .. 1.
std::shared_ptr<Dataset> make_conversion(const std::string& kind, int64_t count, Split split,
                                         uint64_t seed = 0);
std::vector<std::string> conversion_names();
/// Strings of digits: pictures u8 (1,32,W) in which `shortest` to `longest` digits of MNIST, with gaps and
/// jitter, stand side by side from the left on, black behind them; W is enough for the longest. Strip i is a
/// function of (split, seed, i), 20,000 to learn from and 2,000 of the test part's digits. Throws unless
/// 1 <= shortest <= longest <= 64.
std::shared_ptr<Dataset> make_digit_strings(int64_t shortest, int64_t longest, Split split,
                                            uint64_t seed = 0);
/// `count` points in the plane, f32 (2): "xor", "circles", "spiral", "blobs" or "line". The splits never
/// share a point.
std::shared_ptr<Dataset> make_synthetic(const std::string& kind, int64_t count, Split split,
                                        uint64_t seed = 0);

/// Pictures u8 (3,side,side) with masks, for task segment: two to four circles, squares and triangles,
/// classes 1, 2 and 3, on a textured ground, class 0. 1,000 to train, 200 to validate. Example
/// i depends on (side, split, seed, i) alone. *Requires* side 16..1024.
std::shared_ptr<Dataset> make_shapes(int64_t side, Split split, uint64_t seed = 0);

/// Mean and standard deviation per channel, measured: over all examples in memory, over 256 spread ones of
/// other sets.
Normalization measure_normalization(const Dataset& dataset);
/// Mean and standard deviation of each number to predict (1 where all are equal), over all examples.
/// *Requires* task regress.
Normalization measure_targets(const Dataset& dataset);

/// What a data set holds, as `fovea data` shows it.
struct Summary {
  std::string description;
  std::vector<std::string> classes;
  std::vector<int64_t> counts;  // examples per class; of masks, those that show it
  Normalization normalization;  // measured
  std::vector<std::string> warnings;
  std::string str() const;
};
Summary summary(const Dataset& dataset);

}  // namespace fovea::data
