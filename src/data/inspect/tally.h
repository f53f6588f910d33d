// What the examples have in common, counted: for the report in text and the one in HTML.
#pragma once
#include "fovea/inspect.h"

namespace fovea::data {

/// How many examples are what `name` says.
struct Tally {
  std::string name;
  int64_t count = 0;
};
/// Formats, colour models with depths: the commonest first.
std::vector<Tally> formats_of(const Inspection& inspection);
std::vector<Tally> kinds_of(const Inspection& inspection);
/// Width : height in classes from slender to wide, empty ones included.
std::vector<Tally> aspects_of(const Inspection& inspection);
/// Brightness in ten classes of 0..1; none unless numbers are u8 or u16.
std::vector<Tally> brightness_of(const Inspection& inspection);
/// Smallest, median and largest picture, by pixels, as "width x height"; empty if none is readable.
std::vector<std::string> sizes_of(const Inspection& inspection);
/// Bytes of all files; 0: they lie in memory.
int64_t bytes_of(const Inspection& inspection);

/// "RGB of 8 bits", "5 channels of 16 bits"
std::string kind_of(const Facts& facts);
/// "12.3 MB"
std::string bytes_text(int64_t bytes);
/// What `channel` of the commonest kind is called: "red", "channel 3".
std::string channel_name(const Inspection& inspection, size_t channel);
/// A heading for the findings of a kind.
const char* heading_of(Oddity kind);

}  // namespace fovea::data
