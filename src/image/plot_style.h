// Colours and sizes that all plots share.
#pragma once
#include "image/canvas.h"

namespace fovea::image {

constexpr Color white{255, 255, 255}, ink{34, 34, 34}, faint{110, 110, 110}, grid{229, 229, 229},
    axis_line{150, 150, 150};
constexpr Color palette[]{{36, 104, 180}, {222, 112, 38}, {46, 139, 87},
                          {178, 58, 92},  {120, 86, 168}, {128, 128, 128}};
constexpr double title_size = 30, label_size = 22, tick_size = 19;

}  // namespace fovea::image
