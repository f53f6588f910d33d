// What the stream a program prints to can show, and numbers as people read them.
#pragma once
#include <cstdio>
#include <string>

namespace fovea::train {

struct Terminal {
  bool redraws = false;  // a terminal: lines may be drawn again in place
  bool color = false;    // and neither NO_COLOR nor TERM=dumb asks for plain text
  int columns = 80;
};
Terminal terminal_of(std::FILE* stream);

/// "12s", "3m05s", "1h02m"
std::string duration(double seconds);
/// Two significant digits after the point at most: "2.31", "0.21", "0.047"
std::string short_number(double x);
/// The part `done` of 1 as a bar of `width` characters.
std::string bar(double done, int width, const Terminal& terminal);

}  // namespace fovea::train
