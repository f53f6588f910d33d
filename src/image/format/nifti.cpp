// NIfTI-1 and -2 (.nii, .nii.gz): a volume, or a series of them, as frames: slice after slice along z, then
// along time. Rows of a frame run along the second axis of the volume, columns along the first. Written here
// from the headers' definition (nifti.nimh.nih.gov, nifti1.h and nifti2.h).
#include <zlib.h>

#include <algorithm>
#include <cmath>

#include "image/samples.h"

namespace fovea::image {
namespace {

bool is_gzip(View8 b) { return b.size() >= 18 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8; }

/// Up to `most` unpacked bytes; with `whole` they must be all, and the checksum is checked.
Bytes gunzip(View8 packed, const std::string& name, size_t most, bool whole) {
  z_stream z{};
  check(inflateInit2(&z, 15 + 16) == Z_OK, "{}: zlib does not start", name);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&z, inflateEnd);
  z.next_in = const_cast<Bytef*>(packed.data()), z.avail_in = uInt(std::min(packed.size(), size_t{1} << 31));
  Bytes out;
  int status = Z_OK;
  while (status != Z_STREAM_END && out.size() < most + 1) {
    const size_t have = out.size();
    out.resize(std::min(most + 1, have * 2 + 65536));
    z.next_out = out.data() + have, z.avail_out = uInt(std::min(out.size() - have, size_t{1} << 30));
    status = inflate(&z, Z_NO_FLUSH);
    out.resize(size_t(z.next_out - out.data()));
    check(status == Z_OK || status == Z_STREAM_END, "{} is a damaged or truncated gzip file", name);
    check(status == Z_STREAM_END || z.avail_out == 0 || z.avail_in > 0, "{} is a truncated gzip file", name);
  }
  check(!whole || out.size() <= most,
        "{} unpacks to more than the {} bytes that its header and the limits allow", name, most);
  return out;
}

struct Kind {
  int code;
  Sample sample;
  int channels;
};
constexpr Kind kinds[]{{2, {Sample::unsigned_integer, 1}, 1},
                       {4, {Sample::signed_integer, 2}, 1},
                       {8, {Sample::signed_integer, 4}, 1},
                       {16, {Sample::real, 4}, 1},
                       {64, {Sample::real, 8}, 1},
                       {128, {Sample::unsigned_integer, 1}, 3},
                       {256, {Sample::signed_integer, 1}, 1},
                       {512, {Sample::unsigned_integer, 2}, 1},
                       {768, {Sample::unsigned_integer, 4}, 1},
                       {1024, {Sample::signed_integer, 8}, 1},
                       {1280, {Sample::unsigned_integer, 8}, 1},
                       {2304, {Sample::unsigned_integer, 1}, 4}};

/// The header of either version.
class Nifti {
 public:
  explicit Nifti(const Source& source) : source_(source), header_(header_of(source, "nifti")) {
    constexpr size_t both = 544;
    if (is_gzip(source.bytes)) start_ = gunzip(source.bytes, source.name, both, false);
    else
      start_.assign(source.bytes.begin(),
                    source.bytes.begin() + ptrdiff_t(std::min(both, source.bytes.size())));
    check(start_.size() >= 348, "{} is truncated in its header", source.name);
    big_ = load<uint32_t>(start_.data()) != 348 && load<uint32_t>(start_.data()) != 540;
    two_ = load<uint32_t>(start_.data(), big_) == 540;
    check(!two_ || start_.size() >= 540, "{} is truncated in its header", source.name);
    check(at<uint32_t>(0) == 348 || two_, "{} is a gzip file, but not of a NIfTI image", source.name);
    const char* const magic = reinterpret_cast<const char*>(start_.data()) + (two_ ? 4 : 344);
    check(std::string_view(magic, 3) == (two_ ? "n+2" : "n+1"),
          "{}: the pixels of this NIfTI header are in another file (.img); join them as .nii", source.name);
    read();
  }

  const Header& header() const { return header_; }
  std::vector<Image> decode();

 private:
  template <class T>
  T at(size_t position) const {
    return load<T>(start_.data() + position, big_);
  }
  int64_t dim(size_t i) const { return two_ ? at<int64_t>(16 + 8 * i) : int64_t{at<int16_t>(40 + 2 * i)}; }
  double pixdim(size_t i) const { return two_ ? at<double>(104 + 8 * i) : double(at<float>(76 + 4 * i)); }

  void read();
  void describe();

  const Source& source_;
  Bytes start_;
  Header header_;
  bool big_ = false, two_ = false;
  Kind kind_{};
  int64_t offset_ = 0;
};

void Nifti::read() {
  const int64_t rank = dim(0);
  check(rank >= 1 && rank <= 7, "{}: a NIfTI image of {} dimensions", source_.name, rank);
  double frames = 1;
  for (size_t i = 1; i <= size_t(rank); ++i) {
    check(dim(i) > 0, "{}: dimension {} of the NIfTI image is {}", source_.name, i, dim(i));
    if (i > 2) frames *= double(dim(i));
  }
  check(frames < 1e12, "{} promises {} frames", source_.name, frames);
  const int code = at<int16_t>(two_ ? 12 : 70);
  const auto* const kind =
      std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& k) { return k.code == code; });
  check(kind != std::end(kinds), "{}: NIfTI data type {} is not supported", source_.name, code);
  kind_ = *kind, kind_.sample.big_endian = big_;
  const double offset = two_ ? double(at<int64_t>(168)) : double(at<float>(108));
  check(offset >= (two_ ? 540 : 348) && offset < 1e9, "{}: the pixels start at byte {}", source_.name,
        offset);
  offset_ = int64_t(offset);
  header_.frames = int64_t(frames);
  header_.shape = {rank >= 2 ? dim(2) : 1, dim(1), kind_.channels};
  describe();
}

void Nifti::describe() {
  header_.color = kind_.channels == 3   ? ColorModel::rgb
                  : kind_.channels == 4 ? ColorModel::rgba
                                        : ColorModel::gray;
  header_.dtype = dtype_of(kind_.sample), header_.depth = 8 * kind_.sample.bytes;
  const double slope = two_ ? at<double>(176) : double(at<float>(112)),
               intercept = two_ ? at<double>(184) : double(at<float>(116));
  if (slope != 0 && std::isfinite(slope) && std::isfinite(intercept) && kind_.channels == 1)
    header_.slope = slope, header_.intercept = intercept;
  const double high = two_ ? at<double>(192) : double(at<float>(124)),
               low = two_ ? at<double>(200) : double(at<float>(128));
  if (high > low && std::isfinite(high) && std::isfinite(low))
    header_.window = Window{(high + low) / 2, high - low};
  const int units = two_ ? at<int32_t>(500) : start_[123];
  const double mm = (units & 7) == 1 ? 1000 : (units & 7) == 3 ? 0.001 : 1;
  const auto spacing = [&](size_t i) {
    const double d = std::abs(pixdim(i)) * mm;
    return std::isfinite(d) ? d : 0;
  };
  header_.spacing = {spacing(2), spacing(1), dim(0) > 2 ? spacing(3) : 0};
  std::string shape;
  for (size_t i = 1; i <= size_t(dim(0)); ++i) shape += fmt::format("{}{}", i > 1 ? " x " : "", dim(i));
  header_.entries.emplace_back("volume", shape);
  header_.entries.emplace_back("NIfTI",
                               fmt::format("version {}, {} endian", two_ ? 2 : 1, big_ ? "big" : "little"));
  const auto* const text = reinterpret_cast<const char*>(start_.data()) + (two_ ? 240 : 148);
  const std::string description = printable(std::string_view(text, ::strnlen(text, 80)));
  if (!description.empty()) header_.entries.emplace_back("description", description);
}

std::vector<Image> Nifti::decode() {
  check_plausible(source_, header_);
  const Range range = frames_of(source_, header_.frames);
  const int64_t frame_bytes = header_.shape.numel() * kind_.sample.bytes;
  const double end = double(offset_) + double(frame_bytes) * double(range.first + range.count);
  check(end <= double(source_.options.limits.bytes) * 4, "{}: its frames end at byte {:.0f}", source_.name,
        end);
  Bytes unpacked;
  View8 bytes = source_.bytes;
  if (is_gzip(bytes)) {
    const auto most = double(bytes.size()) * 1032 + 1024;  // what deflate can hold
    check(end <= most, "{} promises {:.0f} bytes, but its {} can hold at most {:.0f}: damaged or truncated",
          source_.name, end, bytes.size(), most);
    bytes = unpacked = gunzip(bytes, source_.name, size_t(end), range.first + range.count == header_.frames);
  }
  check(end <= double(bytes.size()), "{} is truncated: {:.0f} bytes wanted, {} are there", source_.name, end,
        bytes.size());
  std::vector<Image> out;
  for (int64_t i = range.first; i < range.first + range.count; ++i) {
    Image image;
    static_cast<Header&>(image) = header_;
    image.frame = i;
    image.pixels = tensor_from(bytes.subspan(size_t(offset_ + i * frame_bytes), size_t(frame_bytes)),
                               header_.shape, kind_.sample, source_.name);
    out.push_back(std::move(image));
  }
  return out;
}

bool matches(View8 b) {
  if (is_gzip(b)) return true;
  if (b.size() < 348) return false;
  const auto text = [&](size_t at) {
    return std::string_view(reinterpret_cast<const char*>(b.data()) + at, 3);
  };
  return text(344) == "n+1" || text(344) == "ni1" || text(4) == "n+2" || text(4) == "ni2";
}

Header probe_nifti(const Source& source) { return Nifti(source).header(); }

std::vector<Image> decode_nifti(const Source& source) { return Nifti(source).decode(); }

}  // namespace

const Codec nifti_codec{"nifti", {"nii", "nii.gz"}, matches, probe_nifti, decode_nifti};

}  // namespace fovea::image
