// Videos that tests write by hand: Y4M, and AVI with JPEGs.
#pragma once
#include <string>
#include <vector>

#include "fovea/image.h"

namespace fovea::test {

inline std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

/// "C" of the header, and the planes of each frame.
inline std::string y4m_of(int width, int height, const std::string& chroma,
                          const std::vector<std::string>& frames) {
  std::string out = fmt::format("YUV4MPEG2 W{} H{} F30000:1001 Ip A1:1 C{}\n", width, height, chroma);
  for (const std::string& frame : frames) out += "FRAME\n" + frame;
  return out;
}

inline std::string le32(size_t value) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += char(value >> (8 * i));
  return out;
}

inline std::string chunk(const std::string& id, const std::string& content) {
  return id + le32(content.size()) + content + std::string(content.size() % 2, '\0');
}

inline std::string list(const std::string& id, const std::string& kind, const std::string& content) {
  return chunk(id, kind + content);
}

/// Sound as stream 0 and JPEGs as stream 1, at 25/2 frames in a second. An empty frame repeats the one
/// before; from `second` on the frames are in a further RIFF list, as in files above 1 GB.
inline std::string avi_of(const std::vector<std::string>& jpegs, int width, int height,
                          size_t second = ~size_t{0}) {
  const std::string zeros(64, '\0');
  const auto header = [&](const char* kind, const char* codec, const std::string& format) {
    const std::string times = le32(2) + le32(25) + le32(0) + le32(jpegs.size());
    const std::string strh = std::string(kind) + codec + zeros.substr(0, 12) + times + zeros.substr(0, 20);
    return list("LIST", "strl", chunk("strh", strh) + chunk("strf", format));
  };
  const std::string bitmap = le32(40) + le32(size_t(width)) + le32(size_t(height)) + le32(24 << 16 | 1) +
                             "MJPG" + zeros.substr(0, 20);
  std::string movi[2];
  for (size_t i = 0; i < jpegs.size(); ++i)
    movi[i >= second] += chunk("00wb", "sound") + chunk("01dc", jpegs[i]);
  const std::string lists =
      chunk("avih", zeros.substr(0, 56)) + header("auds", "none", zeros) + header("vids", "MJPG", bitmap);
  std::string out = list("RIFF", "AVI ",
                         list("LIST", "hdrl", lists) + chunk("JUNK", "jun") + list("LIST", "movi", movi[0]) +
                             chunk("idx1", zeros));
  if (!movi[1].empty()) out += list("RIFF", "AVIX", list("LIST", "movi", movi[1]));
  return out;
}

/// A JPEG whose pixels all have this colour.
inline std::string jpeg_of(int width, int height, uint8_t r, uint8_t g, uint8_t b) {
  const Tensor pixels = Tensor::empty({height, width, 3}, u8);
  for (int64_t i = 0; i < pixels.numel(); ++i)
    pixels.data<uint8_t>()[i] = i % 3 == 0 ? r : i % 3 == 1 ? g : b;
  return text_of(image::encode(image::Image(pixels), "jpeg"));
}

}  // namespace fovea::test
