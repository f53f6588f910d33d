// GIF through giflib: the frames of an animation as a browser shows them, each with what the ones before
// left.
#include <gif_lib.h>

#include <algorithm>
#include <memory>

#include "image/samples.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

class GifReader {
 public:
  explicit GifReader(const Source& source)
      : source_(source), left_(source.bytes), header_(header_of(source, "gif")) {
    int error = 0;
    gif_.reset(DGifOpen(this, take, &error));
    check(gif_ != nullptr, "damaged or truncated GIF file {}: {}", source.name, text_of(error));
    header_.shape = {gif_->SHeight, gif_->SWidth, 4};
    header_.color = ColorModel::rgba;
  }

  /// Walks through the whole file; draws the frames wanted if there is somewhere to put them.
  void walk(std::vector<Image>* frames);
  /// After walk().
  Header header() const { return header_; }
  bool transparent() const { return transparent_; }

 private:
  struct Close {
    void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
  };
  struct Control {
    int disposal = DISPOSAL_UNSPECIFIED, transparent = NO_TRANSPARENT_COLOR;
    double seconds = 0;
  };

  static const char* text_of(int error) {
    const char* const text = GifErrorString(error);
    return text ? text : "unknown problem";
  }
  static int take(GifFileType* gif, GifByteType* to, int n) {
    auto& self = *static_cast<GifReader*>(gif->UserData);
    const size_t have = std::min(size_t(n), self.left_.size());
    std::copy_n(self.left_.data(), have, to);
    self.left_ = self.left_.subspan(have);
    return int(have);
  }
  void good(int status) const {
    check(status == GIF_OK, "damaged or truncated GIF file {}: {} in frame {}", source_.name,
          text_of(gif_->Error), count_);
  }

  void read_extension();
  void skip_image();
  void draw_image();
  void dispose();

  const Source& source_;
  View8 left_;
  Header header_;
  std::unique_ptr<GifFileType, Close> gif_;
  Control control_;
  int64_t count_ = 0;
  bool transparent_ = false;
  Tensor canvas_, before_;
  std::vector<uint8_t> row_;
};

void GifReader::read_extension() {
  int kind = 0;
  GifByteType* block = nullptr;
  good(DGifGetExtension(gif_.get(), &kind, &block));
  if (kind == GRAPHICS_EXT_FUNC_CODE && block) {
    GraphicsControlBlock control;
    good(DGifExtensionToGCB(block[0], block + 1, &control));
    control_ = {control.DisposalMode, control.TransparentColor, control.DelayTime * 0.01};
  } else if (kind == COMMENT_EXT_FUNC_CODE && block) {
    header_.entries.emplace_back("comment", printable({reinterpret_cast<const char*>(block + 1), block[0]}));
  } else if (kind == APPLICATION_EXT_FUNC_CODE && block && block[0] == 11) {
    header_.entries.emplace_back("application", printable({reinterpret_cast<const char*>(block + 1), 11}));
  }
  while (block) good(DGifGetExtensionNext(gif_.get(), &block));
}

void GifReader::skip_image() {
  int size = 0;
  GifByteType* block = nullptr;
  good(DGifGetCode(gif_.get(), &size, &block));
  while (block) good(DGifGetCodeNext(gif_.get(), &block));
}

/// Paints the image over the canvas; rows of interlaced ones come in four passes.
void GifReader::draw_image() {
  const GifImageDesc& area = gif_->Image;
  const ColorMapObject* const colors = area.ColorMap ? area.ColorMap : gif_->SColorMap;
  check(colors != nullptr, "damaged GIF file {}: frame {} has no colours", source_.name, count_);
  if (control_.disposal == DISPOSE_PREVIOUS) before_ = canvas_.clone();
  constexpr int starts[]{0, 4, 2, 1}, steps[]{8, 8, 4, 2};
  row_.resize(size_t(area.Width));
  for (int pass = 0; pass < (area.Interlace ? 4 : 1); ++pass)
    for (int y = area.Interlace ? starts[pass] : 0; y < area.Height; y += area.Interlace ? steps[pass] : 1) {
      good(DGifGetLine(gif_.get(), row_.data(), area.Width));
      uint8_t* to = canvas_.data<uint8_t>() + ((area.Top + y) * header_.width() + area.Left) * 4;
      for (int x = 0; x < area.Width; ++x, to += 4) {
        const int index = row_[size_t(x)];
        if (index == control_.transparent) continue;
        const GifColorType color = index < colors->ColorCount ? colors->Colors[index] : GifColorType{0, 0, 0};
        to[0] = color.Red, to[1] = color.Green, to[2] = color.Blue, to[3] = 255;
      }
    }
}

void GifReader::dispose() {
  const GifImageDesc& area = gif_->Image;
  if (control_.disposal == DISPOSE_PREVIOUS) {
    canvas_ = before_;
  } else if (control_.disposal == DISPOSE_BACKGROUND) {
    for (int y = 0; y < area.Height; ++y)
      std::fill_n(canvas_.data<uint8_t>() + ((area.Top + y) * header_.width() + area.Left) * 4,
                  area.Width * 4, uint8_t{0});
  }
}

void GifReader::walk(std::vector<Image>* frames) {
  header_.frames = source_.options.frame + 1;  // not yet counted
  check_plausible(source_, header_);
  const int64_t first = source_.options.frame, last = first + std::min(source_.count, int64_t{1} << 32);
  const bool draw = frames != nullptr;
  if (draw) canvas_ = blank(header_.shape, u8);
  for (GifRecordType kind = UNDEFINED_RECORD_TYPE; kind != TERMINATE_RECORD_TYPE;) {
    good(DGifGetRecordType(gif_.get(), &kind));
    if (kind == EXTENSION_RECORD_TYPE) read_extension();
    if (kind != IMAGE_DESC_RECORD_TYPE) continue;
    good(DGifGetImageDesc(gif_.get()));
    const GifImageDesc& area = gif_->Image;
    check(area.Width > 0 && area.Height > 0 && area.Left + area.Width <= gif_->SWidth &&
              area.Top + area.Height <= gif_->SHeight,
          "damaged GIF file {}: frame {} of {} x {} at ({},{}) leaves the picture of {} x {}", source_.name,
          count_, area.Width, area.Height, area.Left, area.Top, gif_->SWidth, gif_->SHeight);
    const bool covers = area.Width == gif_->SWidth && area.Height == gif_->SHeight;
    transparent_ |= (count_ == 0 && (!covers || control_.transparent != NO_TRANSPARENT_COLOR)) ||
                    control_.disposal == DISPOSE_BACKGROUND;
    if (draw && count_ < last) {
      draw_image();
      if (count_ >= first) {
        check(double(frames->size() + 1) * double(header_.shape.numel()) <=
                  double(source_.options.limits.bytes),
              "{}: its frames take more than the limit of {} bytes (FOVEA_MAX_BYTES or ReadOptions::limits "
              "raises it)",
              source_.name, source_.options.limits.bytes);
        Image& image = frames->emplace_back();
        image.frame = count_, image.duration = control_.seconds, image.pixels = canvas_.clone();
      }
      dispose();
    } else {
      skip_image();
    }
    control_ = {};
    check(++count_ <= source_.options.limits.frames,
          "{} has more frames than the limit {} (FOVEA_MAX_FRAMES or ReadOptions::limits raises it)",
          source_.name, source_.options.limits.frames);
  }
  check(count_ > 0, "{} is a GIF file without a picture", source_.name);
  header_.frames = count_;
  frames_of(source_, count_);
  if (!transparent_) header_.color = ColorModel::rgb, header_.shape[2] = 3;
}

Header probe_gif(const Source& source) {
  GifReader reader(source);
  reader.walk(nullptr);
  return reader.header();
}

std::vector<Image> decode_gif(const Source& source) {
  GifReader reader(source);
  std::vector<Image> frames;
  reader.walk(&frames);
  for (Image& image : frames) {
    Header header = reader.header();
    header.frame = image.frame, header.duration = image.duration;
    static_cast<Header&>(image) = std::move(header);
    if (!reader.transparent()) image.pixels = to_rgb(image.pixels, ColorModel::rgba);
  }
  return frames;
}

}  // namespace

const Codec gif_codec{"gif", {"gif"}, is_gif, probe_gif, decode_gif, nullptr, "giflib", "libgif-dev"};

}  // namespace fovea::image
