// The data elements of a DICOM file that matter to its pixels. Source: DICOM PS3.5 (encoding), PS3.10
// (files).
#pragma once
#include <map>

#include "image/codec.h"

namespace fovea::image {

constexpr uint32_t dicom_tag(uint32_t group, uint32_t element) { return group << 16 | element; }

/// The elements of a file: where each begins, numbers and texts out of them. Those of sequences are left out,
/// but for the functional groups of enhanced multi-frame images, whose first value stands for all frames.
class DicomElements {
 public:
  explicit DicomElements(const Source& source);

  /// The value, empty if there is none.
  View8 bytes(uint32_t tag) const;
  bool has(uint32_t tag) const { return elements_.count(tag) > 0; }
  /// Without the padding of its ends.
  std::string text(uint32_t tag) const;
  /// An integer of 16 or 32 bits, or written in digits; `otherwise` if there is none.
  int64_t number(uint32_t tag, int64_t otherwise) const;
  /// Numbers written in digits, between backslashes.
  std::vector<double> decimals(uint32_t tag) const;
  const std::string& transfer_syntax() const { return syntax_; }
  bool big_endian() const { return big_; }
  /// The pixels come in fragments: compressed.
  bool encapsulated() const { return encapsulated_; }
  /// The pixels are words of 16 bits, whose bytes a big-endian file swaps even if they hold two pixels.
  bool word_pixels() const { return word_pixels_; }
  const std::vector<View8>& fragments() const { return fragments_; }  // without the table of offsets
  const std::vector<uint64_t>& offsets() const { return offsets_; }   // of frames from the first fragment on

 private:
  struct Element {
    uint32_t tag = 0;
    uint32_t length = 0;
    bool sequence = false, unknown = false, words = false;
  };

  void read_meta();
  void inflate_rest();
  size_t read_items(size_t at, size_t end, bool undefined, int depth, bool keep, bool implicit);
  size_t read_elements(size_t at, size_t end, bool in_item, int depth, bool keep, bool implicit);
  size_t read_fragments(size_t at);
  Element read_head(size_t& at, bool implicit) const;
  template <class T>
  T number_at(size_t at) const;

  const Source& source_;
  View8 bytes_;
  Bytes inflated_;
  size_t start_ = 0;  // of the data set
  std::string syntax_ = "1.2.840.10008.1.2";
  bool implicit_ = true, big_ = false, encapsulated_ = false, word_pixels_ = false;
  std::map<uint32_t, View8> elements_;
  std::vector<View8> fragments_;
  std::vector<uint64_t> offsets_;
};

bool is_dicom(View8 bytes);

}  // namespace fovea::image
