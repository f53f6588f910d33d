// Examples of data sets, for `fovea show`.
#pragma once
#include "fovea/data.h"
#include "fovea/image.h"

namespace fovea::cli {

constexpr int64_t sheet_picture_side = 960;  // at most, before a picture goes on a sheet

struct ExampleKeys {
  int64_t example = -1;  // -1: a sheet of several
  std::string split = "train";
  uint64_t seed = 0;
};

/// Whether `what` is the name of a data set or a folder that holds no pictures itself but some below it.
bool is_data_set(const std::string& what);
/// The example as it is stored, named with its place and class.
image::Image example_of(const std::string& what, const ExampleKeys& keys);
/// `count` evenly spread examples with their classes, u8 RGB.
Tensor sheet_of_examples(const std::string& what, const ExampleKeys& keys, int64_t count,
                         const image::RenderOptions& render);
/// Of a set with annotations: picture `keys.example` with its objects, u8 RGB; prints what they are.
Tensor annotated_example(const std::string& what, const ExampleKeys& keys,
                         const image::RenderOptions& render);
/// `count` evenly spread pictures of it with their objects.
Tensor sheet_of_annotated(const std::string& what, const ExampleKeys& keys, int64_t count,
                          const image::RenderOptions& render);
/// `count` evenly spread frames, pages or slices of a file.
Tensor sheet_of_frames(const std::string& file, int64_t count, const image::ReadOptions& read,
                       const image::RenderOptions& render);
/// Every channel of a picture alone, at most `count`.
Tensor sheet_of_channels(const image::Image& picture, int64_t count, const image::RenderOptions& render);

}  // namespace fovea::cli
