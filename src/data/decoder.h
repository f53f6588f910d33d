// PictureDecoder: pictures of a data set as the one pass of a pipeline wants them: of JPEG files only the
// part that the transforms will use. Not thread-safe: one per thread, it keeps its memory.
#pragma once
#include <functional>

#include "data/functional/resampler.h"
#include "fovea/data.h"
#include "image/part.h"

namespace fovea::data {

/// A picture of (height, width), or as much of it as was asked for: `table` holds the pixels at `place`.
struct Picture {
  functional::PixelTable table;
  functional::Place place = {};
  int64_t height = 0, width = 0;
  Tensor owner = {};  // of the pixels; undefined if a cache owns them

  Picture() = default;
  explicit Picture(const Tensor& whole);
  /// The box as a table of its own. *Requires* a place of shrink 1 that holds it.
  Tensor window(const image::Box& box) const;
};

/// The part of a picture that is wanted, 1 / shrink of its size (1, 2, 4 or 8; at 1 every bit counts).
struct Wanted {
  image::Box box;
  int64_t shrink = 1;
};

class PictureDecoder {
 public:
  /// Is told the size of the picture.
  using Choose = std::function<Wanted(int64_t height, int64_t width)>;
  /// At least what `choose` wants of picture `index`. Valid until the next call. Throws Error if unreadable.
  Picture decode(const Dataset& dataset, int64_t index, const Choose& choose);
  /// All of it.
  Picture decode(const Dataset& dataset, int64_t index);

 private:
  image::PartReader reader_;
  std::vector<uint8_t> file_;
};

}  // namespace fovea::data
