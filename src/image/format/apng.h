// Animated PNG (PNG, third edition, 11.3.6 and 13.12): frames that change a part of the canvas.
#pragma once
#include "image/codec.h"

namespace fovea::image {

/// A PNG file's picture without its animation.
Image decode_still_png(const Source& source);

struct PngFrame {
  int64_t left = 0, top = 0, width = 0, height = 0;
  double seconds = 0;
  int disposal = 0, blend = 0;
  std::vector<View8> data;  // of the deflate stream, in order
};

/// What the chunks say. The picture that other readers show is frame 0, as the first frame of the animation
/// or before it.
struct PngAnimation {
  std::vector<PngFrame> frames;  // of the animation; none: the file is still
  bool still_first = false;      // the picture is not part of the animation
  uint32_t promised = 0;         // frames
  std::string warning;           // why an animation is not read
  View8 header, palette, transparency;

  int64_t count() const { return frames.empty() ? 1 : int64_t(frames.size()) + still_first; }
};
/// *Requires* chunks that lie within the file.
PngAnimation png_animation(const Source& source);

/// Tells of the animation in the header of the still picture.
void describe_animation(Header& header, const PngAnimation& animation);
/// The frames that `source` asks for; `still` is the picture, whose header is described.
std::vector<Image> decode_animation(const Source& source, const PngAnimation& animation, const Image& still);

}  // namespace fovea::image
