// Looking before training: what the pictures of a data set are like, which are there twice, which are odd.
// Every example is read once, by all threads; what stays of each is about 500 bytes.
//   const data::Inspection found = data::inspect("photos/");
//   fmt::print("{}", found.str());
//   for (const data::Finding& f : found.findings) fmt::print("{}\n", found.text(f));
// Threads: inspect() and html_sheet() use all of them; call them from one thread at a time.
#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fovea/data.h"
#include "fovea/image.h"

namespace fovea::data {

/// What is odd about an example, worst first. The first four spoil what is measured or learned.
enum class Oddity : uint8_t {
  leak,        // a picture of the validation split is in the training split too
  conflict,    // the same pixels under two labels
  unreadable,  // damaged, truncated, of no known format
  misfit,      // cannot be read as the rest of the set is: other channels, deeper numbers
  not_finite,  // NaN or infinite numbers
  constant,    // one value throughout
  duplicate,   // the same pixels as another one of the split
  lookalike,   // nearly the same picture as another one of the split: scaled, compressed, brighter
  brightness,  // much darker or brighter than the others
  size,        // of another size or shape than the others
  kind,        // of another type or number of channels than the others
  extension,   // its name says another format than its content
  rotated      // Exif asks viewers to turn it; reading does
};
/// "leak", "conflict" ...
const char* name_of(Oddity kind);

/// One oddity: of `example`, beside `other` where there are two. Both index Inspection::examples.
struct Finding {
  Oddity kind = Oddity::unreadable;
  int64_t example = 0, other = -1;
  std::string reason;
};

/// One example as it was found.
struct Facts {
  std::string where;  // its file, or "example 7 of MNIST train"
  Split split = Split::train;
  int64_t index = 0;   // in its split
  int64_t label = -1;  // -1: has none
  std::string error;   // why it cannot be read; then the rest is not known
  std::string misfit;  // why it cannot be read as the rest of its set is; empty: it can
  std::string format;  // empty: lies in memory
  image::ColorModel color = image::ColorModel::gray;
  DType dtype = u8;
  int depth = 8, channels = 1, orientation = 1;
  int64_t height = 0, width = 0, frames = 1;  // of several frames the first is looked at
  int64_t bytes = 0;                          // of the file; 0: lies in memory
  double mean = 0, low = 0, high = 0;         // of all numbers; u8 and u16 count from 0 to 1
  int64_t not_finite = 0;
  bool constant = false;    // each channel has one value
  uint64_t pixel_hash = 0;  // equal for equal tables of pixels
};

/// Statistics of one channel over all examples of the commonest number of channels.
struct ChannelFacts {
  double low = 0, high = 0, mean = 0, std = 0;
};

struct InspectOptions {
  uint64_t seed = 0;  // of synthetic sets and of the part that is split off for validation
  int64_t limit = 0;  // looks at so many examples of a split, evenly spread; 0: all
  int near_bits = 6;  // how many of 64 bits of the perceptual hashes of look-alikes differ, 0..7; -1: none
  /// Called now and then with how many of how many examples are done, by one thread at a time.
  std::function<void(int64_t done, int64_t total)> progress = {};
};

class Collection;

struct Inspection {
  std::string name;
  std::vector<std::string> classes;   // empty: files without labels
  std::vector<Facts> examples;        // of the training split, then of the validation split
  std::vector<Finding> findings;      // worst first
  std::vector<std::string> warnings;  // about the set as a whole
  std::vector<ChannelFacts> channels;
  int64_t total[2] = {0, 0};  // examples of the splits, more than `examples` where a limit was set
  std::shared_ptr<const Collection> source;

  bool has_val() const { return total[1] > 0; }
  int64_t readable() const;
  /// Examples of a split by class.
  std::vector<int64_t> counts(Split split) const;
  int64_t count(Oddity kind) const;
  /// "val/7.png is also in train: train/3.png"
  std::string text(const Finding& finding) const;
  /// The report that `fovea data` prints, naming at most `listed` examples of each oddity.
  std::string str(int64_t listed = 5) const;
  /// The picture of an example, read again. Throws if it is unreadable.
  image::Image picture(int64_t example) const;
};

/// Looks at every example of what open_dataset() opens; at every image below a folder that is no data set,
/// and the warnings say why it is none. Duplicates are found by a hash of the pixels; look-alikes by the
/// signs of low frequencies (pHash: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash
/// Functions, 2010), found in less than quadratic time (M. Norouzi et al., Fast Search in Hamming Space with
/// Multi-Index Hashing, CVPR 2012) and confirmed by the correlation of thumbnails. Throws if there is nothing
/// to look at.
Inspection inspect(const std::string& what, const InspectOptions& options = {});

struct SheetOptions {
  int64_t samples = 8;    // pictures of each class
  int64_t classes = 100;  // classes at most with pictures
  int64_t listed = 24;    // examples at most of each oddity
};
/// One HTML page that needs nothing else: samples of each class, histograms, oddities with their pictures.
std::string html_sheet(const Inspection& inspection, const SheetOptions& options = {});

/// What the whole of `set` holds as 32 hexadecimal digits: an MD5 sum over shapes, classes, and every example
/// with its label or targets. The same for the same examples in the same order, wherever they lie. Throws if
/// an example is unreadable.
std::string fingerprint(const Dataset& set);

}  // namespace fovea::data
