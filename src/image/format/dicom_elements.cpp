#include "image/format/dicom_elements.h"

#include <zlib.h>

#include <charconv>
#include <memory>

#include "image/samples.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

constexpr uint32_t undefined_length = 0xffffffff;
constexpr uint32_t item_tag = dicom_tag(0xfffe, 0xe000), item_end = dicom_tag(0xfffe, 0xe00d),
                   sequence_end = dicom_tag(0xfffe, 0xe0dd);
constexpr uint32_t pixel_data = dicom_tag(0x7fe0, 0x0010);
constexpr int deepest = 32;

bool is_letter(uint8_t c) { return c >= 'A' && c <= 'Z'; }

/// Value representations whose length takes 4 bytes, after 2 that are reserved.
bool has_long_length(std::string_view vr) {
  for (const std::string_view known :
       {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
    if (vr == known) return true;
  return false;
}

}  // namespace

DicomElements::DicomElements(const Source& source) : source_(source), bytes_(source.bytes) {
  start_ = starts_with(bytes_, "DICM", 128) ? 132 : 0;
  read_meta();
  if (syntax_ == "1.2.840.10008.1.2.1.99") inflate_rest();
  read_elements(start_, bytes_.size(), false, 0, true, implicit_);
}

template <class T>
T DicomElements::number_at(size_t at) const {
  check(at <= bytes_.size() && bytes_.size() - at >= sizeof(T), "{} is truncated at byte {}", source_.name,
        bytes_.size());
  return load<T>(bytes_.data() + at, big_);
}

/// The file meta information: always explicit, little endian. It names the encoding of all that follows.
void DicomElements::read_meta() {
  bool found = false;
  while (bytes_.size() - start_ >= 8 && number_at<uint16_t>(start_) == 2) {
    // Files without a proper head write even the meta group without representations.
    const bool implicit = !(is_letter(bytes_[start_ + 4]) && is_letter(bytes_[start_ + 5]));
    const Element e = read_head(start_, implicit);
    check(e.length <= bytes_.size() - start_, "{} is truncated in its meta information", source_.name);
    if (e.tag == dicom_tag(2, 0x10)) {
      syntax_.assign(reinterpret_cast<const char*>(bytes_.data()) + start_, e.length);
      while (!syntax_.empty() && (syntax_.back() == 0 || syntax_.back() == ' ')) syntax_.pop_back();
      found = true;
    }
    start_ += e.length;
  }
  implicit_ = syntax_ == "1.2.840.10008.1.2";
  big_ = syntax_ == "1.2.840.10008.1.2.2";
  const bool letters =
      bytes_.size() - start_ >= 6 && is_letter(bytes_[start_ + 4]) && is_letter(bytes_[start_ + 5]);
  if (found && syntax_ == "1.2.840.10008.1.2.1.99") return;
  if (!found && letters) syntax_ = "1.2.840.10008.1.2.1";
  implicit_ = !letters;  // what the file does counts more than what it says
}

void DicomElements::inflate_rest() {
  z_stream z{};
  check(inflateInit2(&z, -15) == Z_OK, "{}: zlib does not start", source_.name);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&z, inflateEnd);
  z.next_in = const_cast<Bytef*>(bytes_.data() + start_),
  z.avail_in = uInt(std::min<size_t>(bytes_.size() - start_, 1u << 31));
  const size_t most = size_t(source_.options.limits.bytes);
  for (int status = Z_OK; status != Z_STREAM_END;) {
    const size_t have = inflated_.size();
    check(have < most,
          "{} unpacks to more than the limit of {} bytes (FOVEA_MAX_BYTES or ReadOptions::limits raises it)",
          source_.name, most);
    inflated_.resize(std::min(most, have * 2 + 65536));
    z.next_out = inflated_.data() + have,
    z.avail_out = uInt(std::min<size_t>(inflated_.size() - have, 1u << 30));
    status = inflate(&z, Z_NO_FLUSH);
    inflated_.resize(size_t(z.next_out - inflated_.data()));
    check(status == Z_STREAM_END || (status == Z_OK && (z.avail_in > 0 || z.avail_out == 0)),
          "{}: its deflated data are damaged or truncated", source_.name);
  }
  bytes_ = inflated_, start_ = 0, implicit_ = false;
}

/// Tag, representation and length; `at` moves to the value.
DicomElements::Element DicomElements::read_head(size_t& at, bool implicit) const {
  Element e;
  e.tag = dicom_tag(number_at<uint16_t>(at), number_at<uint16_t>(at + 2));
  at += 4;
  const bool delimiter = e.tag >> 16 == 0xfffe;
  if (implicit || delimiter) {
    e.length = number_at<uint32_t>(at), at += 4;
    e.sequence = e.length == undefined_length && !delimiter && e.tag != pixel_data;
    e.unknown = true;
    return e;
  }
  number_at<uint32_t>(at);
  const std::string_view vr(reinterpret_cast<const char*>(bytes_.data()) + at, 2);
  check(is_letter(uint8_t(vr[0])) && is_letter(uint8_t(vr[1])),
        "damaged DICOM file {}: element ({:04x},{:04x}) has no value representation", source_.name,
        e.tag >> 16, e.tag & 0xffff);
  if (has_long_length(vr)) e.length = number_at<uint32_t>(at + 4), at += 8;
  else e.length = number_at<uint16_t>(at + 2), at += 4;
  e.sequence = vr == "SQ" || (e.length == undefined_length && e.tag != pixel_data);
  e.unknown = vr == "UN", e.words = vr == "OW";
  return e;
}

size_t DicomElements::read_elements(size_t at, size_t end, bool in_item, int depth, bool keep,
                                    bool implicit) {
  check(depth < deepest, "damaged DICOM file {}: sequences are nested deeper than {}", source_.name, deepest);
  while (at < end) {
    if (end - at < 8 && !in_item && bytes_.size() - at < 8) {  // padding at the end of the file
      check(std::all_of(bytes_.begin() + ptrdiff_t(at), bytes_.end(), [](uint8_t b) { return b == 0; }),
            "{} is truncated at byte {}", source_.name, at);
      return end;
    }
    const size_t head = at;
    const Element e = read_head(at, implicit);
    if (e.tag == item_end || e.tag == sequence_end) {
      check(in_item, "damaged DICOM file {}: an item ends at byte {} that has not begun", source_.name, head);
      return at;
    }
    if (e.tag == pixel_data && e.length == undefined_length && depth == 0) {
      at = read_fragments(at);
      continue;
    }
    const bool undefined = e.length == undefined_length;
    check(undefined || e.length <= end - at,
          "{} is truncated: element ({:04x},{:04x}) at byte {} wants {} bytes, {} are left", source_.name,
          e.tag >> 16, e.tag & 0xffff, head, e.length, end - at);
    if (e.sequence || undefined) {
      const bool groups = e.tag == dicom_tag(0x5200, 0x9229) || e.tag == dicom_tag(0x5200, 0x9230);
      // A sequence of unknown representation is implicit, PS3.5 section 6.2.2.
      at = read_items(at, undefined ? end : at + e.length, undefined, depth + 1,
                      groups || (keep && depth > 0), implicit || e.unknown);
      continue;
    }
    if (e.tag == pixel_data && depth == 0) word_pixels_ = e.words;
    if (keep) elements_.emplace(e.tag, bytes_.subspan(at, e.length));  // the first one counts
    // Sequences in implicit files look like any other value: the functional groups are looked into by name.
    const bool nested =
        implicit && keep &&
        (depth > 0 || e.tag == dicom_tag(0x5200, 0x9229) || e.tag == dicom_tag(0x5200, 0x9230));
    if (nested && e.length >= 8 && number_at<uint16_t>(at) == 0xfffe && number_at<uint16_t>(at + 2) == 0xe000)
      read_items(at, at + e.length, false, depth + 1, true, implicit);
    at += e.length;
  }
  return at;
}

size_t DicomElements::read_items(size_t at, size_t end, bool undefined, int depth, bool keep, bool implicit) {
  while (at < end) {
    const Element e = read_head(at, implicit);
    if (e.tag == sequence_end) return at;
    check(e.tag == item_tag, "damaged DICOM file {}: ({:04x},{:04x}) at byte {} is no item of a sequence",
          source_.name, e.tag >> 16, e.tag & 0xffff, at);
    const bool open = e.length == undefined_length;
    check(open || e.length <= end - at, "{} is truncated: an item at byte {} wants {} bytes", source_.name,
          at, e.length);
    at = read_elements(at, open ? end : at + e.length, open, depth, keep, implicit);
  }
  check(!undefined, "{} is truncated: a sequence does not end", source_.name);
  return at;
}

/// Compressed pixels: a table of offsets, then fragments.
size_t DicomElements::read_fragments(size_t at) {
  encapsulated_ = true;
  bool table = true;
  for (;;) {
    const Element e = read_head(at, true);
    if (e.tag == sequence_end) return at;
    check(e.tag == item_tag && e.length <= bytes_.size() - at,
          "{} is truncated: its compressed pixels end at byte {}", source_.name, at);
    const View8 value = bytes_.subspan(at, e.length);
    if (!table) fragments_.push_back(value);
    else
      for (size_t i = 0; i + 4 <= value.size(); i += 4) offsets_.push_back(load<uint32_t>(value.data() + i));
    table = false;
    at += e.length;
  }
}

View8 DicomElements::bytes(uint32_t tag) const {
  const auto found = elements_.find(tag);
  return found == elements_.end() ? View8{} : found->second;
}

std::string DicomElements::text(uint32_t tag) const {
  const View8 b = bytes(tag);
  std::string_view t(reinterpret_cast<const char*>(b.data()), b.size());
  const auto pad = [](char c) { return c == ' ' || c == 0; };
  while (!t.empty() && pad(t.back())) t.remove_suffix(1);
  while (!t.empty() && pad(t.front())) t.remove_prefix(1);
  return std::string(t);
}

int64_t DicomElements::number(uint32_t tag, int64_t otherwise) const {
  const View8 b = bytes(tag);
  if (tag == dicom_tag(0x28, 8)) {  // written in digits
    const auto values = decimals(tag);
    return values.empty() || !(std::abs(values[0]) < 1e9) ? otherwise : int64_t(values[0]);
  }
  if (b.size() >= 4) return load<uint32_t>(b.data(), big_) & (b.size() == 4 ? 0xffffffff : 0xffff);
  return b.size() >= 2 ? load<uint16_t>(b.data(), big_) : otherwise;
}

std::vector<double> DicomElements::decimals(uint32_t tag) const {
  std::vector<double> out;
  std::string all = text(tag);
  for (std::string_view rest = all; !rest.empty() && out.size() < 16;) {
    std::string_view word = rest.substr(0, rest.find('\\'));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    while (!word.empty() && (word[0] == ' ' || word[0] == '+')) word.remove_prefix(1);
    double value = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), value).ec != std::errc{}) break;
    out.push_back(value);
  }
  return out;
}

bool is_dicom(View8 b) {
  if (starts_with(b, "DICM", 128)) return true;
  if (b.size() < 16) return false;
  // Without a head: a first element of group 2 or 8, with a known representation or a short length.
  const uint16_t group = load<uint16_t>(b.data()), element = load<uint16_t>(b.data() + 2);
  if ((group != 2 && group != 8) || element > 0x0100) return false;
  const bool letters = is_letter(b[4]) && is_letter(b[5]);
  return letters || load<uint32_t>(b.data() + 4) <= 128;
}

}  // namespace fovea::image
