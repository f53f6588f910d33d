// The door to Little CMS, which lies in a module of its own.
#pragma once
#include "image/codec.h"

namespace fovea::image {

/// Pixels of an untested profile's colours -> sRGB of the same type.
struct ProfileJob {
  View8 icc;
  ColorModel from;  // gray, rgb or cmyk
  Intent intent;
  DType dtype;  // u8, u16 or f32
  const void* pixels;
  void* rgb;
  int64_t count;
  const std::string& name;  // for messages
};

struct ProfileEngine {
  void (*run)(const ProfileJob& job);
  std::string (*describe)(View8 icc);
};
/// Null until libfovea_lcms.so is loaded and sets it.
extern const ProfileEngine* profile_engine;

}  // namespace fovea::image
