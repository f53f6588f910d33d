// Pictures in files of their own, as the frames of a video: a folder, or a pattern of names.
#pragma once
#include <string>
#include <vector>

namespace fovea::video {

/// Whether a name has one %d or %04d: "frame_%04d.png".
bool is_pattern(const std::string& path);
/// The files of the pattern by their numbers, or the pictures of the folder by name, where numbers count as
/// such (frame_2 before frame_10). Throws if there are none.
std::vector<std::string> files_of_sequence(const std::string& path);

}  // namespace fovea::video
