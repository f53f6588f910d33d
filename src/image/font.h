// The outlines of a sans-serif font for ASCII and the ellipsis, embedded so that plots need no font files.
#pragma once
#include <cstdint>

namespace fovea::image {

/// Units per em of all numbers; the baseline is 0, up is positive.
constexpr double font_em = 256;

/// The glyph of `code` ('?' if there is none): advance, number of contours, and per contour its number of
/// points and x, y of each. Holes run against the direction of what surrounds them.
const int16_t* glyph_of(char32_t code);

}  // namespace fovea::image
