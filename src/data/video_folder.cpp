// Videos of classes as a data set whose examples are frames.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "base/file.h"
#include "base/text.h"
#include "data/class_folder.h"
#include "data/picture.h"
#include "fovea/sampler.h"
#include "fovea/video.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

constexpr int64_t usual_frames = 8, probed_videos = 16;
constexpr int64_t kept_bytes = int64_t{2} << 30;

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// Calls `f` with each visible file below `folder` until it returns false.
template <class F>
void for_files_below(const std::string& folder, const F& f) {
  for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink);
       it != fs::recursive_directory_iterator(); ++it) {
    check(it.depth() < 32, "{} is nested deeper than 32 folders (a link to itself?)", folder);
    if (hidden(it->path())) it.disable_recursion_pending();
    else if (it->is_regular_file() && !f(it->path().string())) return;
  }
}

/// Of one video alone, as decoding runs in the threads of the loader.
video::Reader open_video(const std::string& path) { return video::Reader(path, {.threads = 1}); }

/// Whether an example is a clip: frames spread over a video as channels of one picture.
bool are_clips(const Frames& frames) { return frames.kind == Frames::channels; }

image::Header picture_header(const video::Header& video) {
  image::Header header;
  header.name = video.name, header.format = video.container;
  header.color = video.color, header.depth = video.depth, header.dtype = video.dtype;
  header.shape = video.frame_shape();
  return header;
}

PictureSurvey survey_videos(const std::vector<std::string>& files, const Frames& frames) {
  PictureSurvey survey;
  std::string first_error;
  const auto n = int64_t(files.size()), wanted = std::min(n, probed_videos);
  for (int64_t k = 0; k < wanted; ++k) try {
      image::Header header = picture_header(open_video(files[size_t(k * n / wanted)]).header());
      if (are_clips(frames)) header.frames = frames.index;
      survey.add(header);
    } catch (const Error& e) {
      if (first_error.empty()) first_error = e.what();
    }
  check(!survey.empty(), "none of {} videos can be read: {}", wanted, first_error);
  return survey;
}

/// How many frames of each video, if not all: frames=8 or channels:8 of the user, or what a card tells.
Frames frames_of(const OpenOptions& options) {
  const bool told = options.format && (options.format->frames.kind == Frames::spread ||
                                       options.format->frames.kind == Frames::channels);
  Frames frames =
      told ? options.format->frames : options.frames.value_or(Frames{Frames::spread, usual_frames});
  check(!are_clips(frames) || frames.index > 0,
        "frames=channels of videos wants the number of frames that make one picture, as in channels:8");
  if (frames.kind == Frames::one) frames.kind = Frames::spread;
  check(frames.kind == Frames::each || frames.index > 0,
        "frames={}: of a video at least 1 frame is wanted (or each)", frames.index);
  return frames;
}

/// One example for each frame or clip. Videos that cannot be read at all get one, which tells when it is
/// read.
std::vector<FileExample> frame_examples(const std::vector<FileExample>& videos, const Frames& frames) {
  std::vector<FileExample> all;
  for (const FileExample& v : videos) {
    int64_t n = are_clips(frames) ? 1 : frames.index;
    if (frames.kind == Frames::each) try {
        n = open_video(v.path).count();
      } catch (const Error&) {
        n = 1;
      }
    for (int64_t k = 0; k < n; ++k) all.push_back({v.path, v.label, k});
  }
  return all;
}

/// The survey's options: of clips, or of one picture, as frames are already told apart.
OpenOptions picture_options(OpenOptions options, const Frames& frames) {
  const Frames of_picture = are_clips(frames) ? frames : Frames{};
  options.frames = of_picture;
  if (options.format) options.format->frames = of_picture;
  return options;
}

class VideoFolder : public FileDataset {
 public:
  VideoFolder(ClassFolder found, const Frames& frames, const OpenOptions& options)
      : FileDataset(std::move(found.info), frame_examples(found.examples, frames),
                    survey_videos(found.all, frames), picture_options(options, frames)) {
    format_->frames = frames;
    for (int64_t i = 0; i < size(); ++i) {
      if (file(i).frame == 0) videos_.emplace_back(std::make_unique<Video>())->first = i;
      videos_.back()->count += are_clips(frames) ? frames.index : 1;
      video_of_.push_back(int64_t(videos_.size()) - 1);
    }
    const double bytes = double(shape_.numel()) * double(size_of(dtype_)) * double(size());
    keep_ = bytes <= double(kept_bytes);
  }

  Numbers numbers(int64_t index, const PictureFormat& format) const override;
  std::string where(int64_t index) const override {
    const FileExample& e = file(index);
    if (are_clips(format_->frames)) return e.path;
    if (format_->frames.kind == Frames::each) return fmt::format("{} frame {}", e.path, e.frame);
    return fmt::format("{} frame {} of {} spread over it", e.path, e.frame + 1, format_->frames.index);
  }

 private:
  struct Video {
    int64_t first = 0, count = 0;  // its first example; its frames
    std::mutex mutex;              // of what follows
    std::vector<Tensor> frames;    // decoded, as far as they could be
    bool tried = false;
    std::string error;
  };

  std::vector<int64_t> places(const Video& v, video::Reader& reader) const {
    if (format_->frames.kind != Frames::each) return video::uniform_frames(reader.count(), v.count);
    std::vector<int64_t> all;
    for (int64_t k = 0; k < v.count; ++k) all.push_back(k);
    return all;
  }
  Tensor shrunk(const Tensor& pixels) const;
  void decode(Video& v) const;
  Tensor frame(Video& v, int64_t number) const;
  image::Image picture_of_frame(int64_t index, int64_t number) const;

  std::vector<std::unique_ptr<Video>> videos_;
  std::vector<int64_t> video_of_;
  bool keep_ = false;
};

/// As small as still covers the example's shape.
Tensor VideoFolder::shrunk(const Tensor& pixels) const {
  const int64_t h = pixels.size(0), w = pixels.size(1), height = shape_[1], width = shape_[2];
  if (h <= height || w <= width) return pixels;
  const bool wide = width * h >= height * w;  // the width decides
  return wide ? image::resize(pixels, std::max(height, h * width / w), width)
              : image::resize(pixels, height, std::max(width, w * height / h));
}

/// All its frames, in one pass.
void VideoFolder::decode(Video& v) const {
  v.tried = true;
  try {
    video::Reader reader = open_video(file(v.first).path);
    for (const int64_t place : places(v, reader)) v.frames.push_back(shrunk(reader.frame(place).pixels));
  } catch (const Error& e) {
    v.error = e.what();
  }
}

Tensor VideoFolder::frame(Video& v, int64_t number) const {
  if (!keep_) {
    video::Reader reader = open_video(file(v.first).path);
    return shrunk(reader.frame(places(v, reader)[size_t(number)]).pixels);
  }
  const std::lock_guard lock(v.mutex);
  if (!v.tried) decode(v);
  check(number < int64_t(v.frames.size()), "{}", v.error);
  return v.frames[size_t(number)];
}

/// Frame `number` of the video that example `index` is of.
image::Image VideoFolder::picture_of_frame(int64_t index, int64_t number) const {
  const Tensor pixels = frame(*videos_[size_t(video_of_[size_t(index)])], number);
  const bool colored = pixels.size(2) == 3;
  const bool plain = pixels.size(2) == 1;
  image::Image picture(pixels, colored ? image::ColorModel::rgb
                               : plain ? image::ColorModel::gray
                                       : image::ColorModel::many);
  picture.name = where(index);
  return picture;
}

Numbers VideoFolder::numbers(int64_t index, const PictureFormat& format) const {
  if (!are_clips(format_->frames)) {
    const Video& v = *videos_[size_t(video_of_[size_t(index)])];
    return numbers_of(picture_of_frame(index, index - v.first), format);
  }
  std::vector<image::Image> frames;
  for (int64_t k = 0; k < format_->frames.index; ++k) frames.push_back(picture_of_frame(index, k));
  return numbers_of_frames(std::move(frames), where(index), format);
}

/// Numbers by their value, other names by their letters.
struct ByName {
  bool operator()(const std::string& a, const std::string& b) const {
    const auto number = [](const std::string& s) { return s.find_first_not_of("0123456789") == s.npos; };
    return number(a) && number(b) && a.size() != b.size() ? a.size() < b.size() : a < b;
  }
};
using VideosOfClasses = std::map<std::string, std::vector<std::string>, ByName>;

/// What the lines of the list say; what is wrong with some goes to `warnings`.
VideosOfClasses read_list(const std::string& path, std::vector<std::string>& warnings) {
  VideosOfClasses classes;
  std::ifstream list(path);
  check(list.good(), "cannot open {}", path);
  int64_t number = 0;
  for (std::string line; std::getline(list, line);) {
    ++number;
    const std::string text = trimmed(line);
    if (text.empty() || text[0] == '#') continue;
    const size_t space = text.find_last_of(" \t,");
    const std::string file = (fs::path(path).parent_path() / trimmed(text.substr(0, space))).string();
    if (space == text.npos)
      warnings.push_back(fmt::format("{}:{}: '{}' is not a path and a class", path, number, text));
    else if (!is_there(file)) warnings.push_back(fmt::format("{}:{}: there is no {}", path, number, file));
    else classes[text.substr(space + 1)].push_back(file);
  }
  return classes;
}

}  // namespace

std::shared_ptr<Dataset> open_video_list(const std::string& path, Split split, const OpenOptions& options) {
  ClassFolder found{.info = {.name = path, .split = split}, .examples = {}, .all = {}};
  std::vector<FileExample> all;
  std::vector<int64_t> labels;
  for (auto& [name, files] : read_list(path, found.info.warnings)) {
    std::sort(files.begin(), files.end());
    const auto number = int64_t(found.info.classes.size());
    found.info.classes.push_back(name);
    found.all.insert(found.all.end(), files.begin(), files.end());
    for (const std::string& file : files) all.push_back({file, number}), labels.push_back(number);
  }
  const std::vector<bool> val = stratified_split(labels, options.val, options.seed);
  for (size_t i = 0; i < all.size(); ++i)
    if (val[i] == (split == Split::val)) found.examples.push_back(all[i]);
  check(!found.examples.empty(), "{}: no videos are left for {}{}", path, name_of(split),
        found.info.warnings.empty() ? "" : ": " + found.info.warnings[0]);
  return std::make_shared<VideoFolder>(std::move(found), frames_of(options), options);
}

std::vector<std::string> video_files_below(const std::string& folder) {
  std::vector<std::string> files;
  for_files_below(folder, [&](const std::string& file) {
    if (video::is_video_name(file)) files.push_back(file);
    return true;
  });
  std::sort(files.begin(), files.end());
  return files;
}

std::shared_ptr<FileDataset> open_video_files(const std::vector<std::string>& files,
                                              const OpenOptions& options) {
  ClassFolder all{
      .info = {.name = "videos", .split = Split::val, .classes = {"unknown"}}, .examples = {}, .all = files};
  for (const std::string& file : files) all.examples.push_back({file});
  return std::make_shared<VideoFolder>(std::move(all), frames_of(options), options);
}

bool holds_videos(const std::string& folder) {
  bool videos = false, images = false;
  try {
    for_files_below(folder, [&](const std::string& file) {
      const bool is_video = video::is_video_name(file);
      videos |= is_video;
      images |= !is_video && image::is_image_name(file);
      return !images;
    });
  } catch (const fs::filesystem_error&) {
    return false;  // what opens it will tell
  }
  return videos && !images;
}

std::shared_ptr<Dataset> open_video_folder(const std::string& folder, Split split,
                                           const OpenOptions& options) {
  constexpr FileKindOfClass videos{"video", "wave/1.mp4", "docs/video.md", video_files_below};
  const Frames frames = frames_of(options);
  try {
    return std::make_shared<VideoFolder>(scan_classes(folder, split, options, videos), frames, options);
  } catch (const fs::filesystem_error& e) {
    fail("cannot read folder {}: {}", e.path1().string(), e.code().message());
  }
}

}  // namespace fovea::data
