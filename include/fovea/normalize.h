// How the numbers of pictures become the input of a network: what `normalize=` of the command line says.
// First a range of the files' own numbers may be spread over 0..1, before the transforms; then each channel
// is brought to a mean of 0 and a deviation of 1, after them.
//   const data::NormalizeOptions how = data::parse_normalize("percentiles:1..99");
//   open.format = data::with_range(*data::open_dataset("scans/", data::Split::train, open), how);
//   auto train = data::open_dataset("scans/", data::Split::train, open);   // and so the validation part
// Threads: plain functions of their arguments.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fovea/data.h"

namespace fovea::data {

struct NormalizeOptions {
  std::optional<Range> range = {};        // of the files' numbers, which becomes 0..1
  std::optional<Range> percentiles = {};  // the range of each channel is that of the training set's numbers
  bool own_window = false;                // the range is the window that each file brings along
  std::optional<Normalization> figures = {};  // instead of the training set's; one entry for all channels or
                                              // one each; mean 0 and std 1 leave numbers alone

  bool has_range() const { return range || percentiles || own_window; }
  /// The figures for `channels` channels, if there are some. Throws if their number does not fit.
  std::optional<Normalization> figures_for(int64_t channels) const;
};

/// Parts with commas between them. At most one range: "range:0..4095", "window:40/400" (centre/width),
/// "window" (each file's own), "percentiles:1..99"; then "set" (the default), "none", or
/// "mean:0.5/0.4/0.3,std:0.2". Throws saying what is wrong and what there is.
NormalizeOptions parse_normalize(const std::string& text);

/// How `train` reads its files, with the range that `how` asks for. Percentiles are measured here: over 4096
/// pixels at random places of each of 256 spread files, numbers that are not finite left out, with numpy's
/// linear interpolation. Throws if its examples are no files.
PictureFormat with_range(const Dataset& train, const NormalizeOptions& how);

}  // namespace fovea::data
