// The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "fovea/npy.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "tensor/elements.h"

namespace fovea {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t longest_header = 65535;

constexpr std::pair<std::string_view, DType> types[] = {{"f2", f16}, {"f4", f32}, {"f8", f64},
                                                        {"i2", i16}, {"i4", i32}, {"i8", i64},
                                                        {"u1", u8},  {"u2", u16}, {"b1", boolean}};

struct Header {
  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;
};

/// Parses the one Python literal a header is: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text), rest_(text) {}

  Header parse() {
    Header h;
    int seen = 0;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      const int bit = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 0;
      if (bit == 0 || (seen & bit)) refuse();
      if (bit == 1) h.descr = string();
      if (bit == 2) h.fortran = truth();
      if (bit == 4) h.shape = tuple();
      seen |= bit;
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (seen != 7 || !rest_.empty()) refuse();
    return h;
  }

 private:
  [[noreturn]] void refuse() const { fail("the header is not that of an array: {}", printable(text_)); }
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  bool accept(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) refuse();
  }
  std::string string() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const size_t end = rest_.find(quote);
    if (end == rest_.npos) refuse();
    const std::string s(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return s;
  }
  bool truth() {
    skip_space();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {"False", false}})
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return value;
      }
    refuse();
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> values;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t value = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
      if (error != std::errc{}) refuse();
      rest_.remove_prefix(size_t(end - rest_.data()));
      values.push_back(value);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  std::string_view text_, rest_;
};

DType dtype_of_descr(const std::string& descr) {
  for (const auto& [name, dtype] : types)
    if (descr.size() == 3 && descr.substr(1) == name && (size_of(dtype) == 1 || descr[0] != '|') &&
        std::string_view("<>=|").find(descr[0]) != std::string_view::npos)
      return dtype;
  fail("elements of type '{}' are not supported; f2 f4 f8 i2 i4 i8 u1 u2 b1 are", printable(descr));
}

Tensor parse(std::span<const uint8_t> bytes) {
  Reader in(bytes, "the header");
  const auto start = in.take(magic.size());
  check(std::equal(start.begin(), start.end(), magic.begin(),
                   [](uint8_t a, char b) { return a == uint8_t(b); }),
        "it is no .npy file: the first bytes are not \\x93NUMPY");
  const int major = in.u8(), minor = in.u8();
  check(major >= 1 && major <= 3 && minor == 0, "format version {}.{} is unknown; 1.0, 2.0 and 3.0 are",
        major, minor);
  const size_t length = major == 1 ? in.u16_le() : in.u32_le();
  check(length <= longest_header, "the header claims {} bytes, more than any array needs", length);
  const auto text = in.take(length);
  Header h = HeaderParser({reinterpret_cast<const char*>(text.data()), text.size()}).parse();
  const DType dtype = dtype_of_descr(h.descr);

  std::span<const uint8_t> data = bytes.subspan(in.position());
  Bytes swapped;
  if (h.descr[0] == '>' && data.size() % size_t(size_of(dtype)) == 0) {
    swapped.assign(data.begin(), data.end());
    for (auto at = swapped.begin(); at != swapped.end(); at += size_of(dtype))
      std::reverse(at, at + size_of(dtype));
    data = swapped;
  }
  if (!h.fortran) return tensor_from_bytes(data, h.shape, dtype);
  std::reverse(h.shape.begin(), h.shape.end());
  const Tensor t = tensor_from_bytes(data, h.shape, dtype);
  Dims axes;
  for (int i = t.rank() - 1; i >= 0; --i) axes.push_back(i);
  return t.permute(axes).contiguous();
}

}  // namespace

Tensor decode_npy(std::span<const uint8_t> bytes, const std::string& name) {
  try {
    return parse(bytes);
  } catch (const Error& e) {
    fail("cannot read {}: {}", name, e.what());
  }
}

Tensor load_npy(const std::string& path) { return decode_npy(read_file(path, size_t{1} << 40), path); }

std::vector<uint8_t> encode_npy(const Tensor& t) {
  const auto type =
      std::find_if(std::begin(types), std::end(types), [&](const auto& p) { return p.second == t.dtype(); });
  check(type != std::end(types), ".npy has no name for {}; convert to f32 first", name_of(t.dtype()));
  const std::string shape = fmt::format("{}{}", fmt::join(t.shape(), ", "), t.rank() == 1 ? "," : "");
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                   size_of(t.dtype()) == 1 ? '|' : '<', type->first, shape);
  const size_t preamble = magic.size() + 4;
  header.resize((preamble + header.size() + 1 + 63) / 64 * 64 - preamble, ' ');
  header.back() = '\n';
  const Tensor dense = t.detach().to(Device{}).contiguous();
  const auto* const raw = static_cast<const uint8_t*>(dense.raw());
  const std::string head =
      std::string(magic) + '\1' + '\0' + char(header.size() & 255) + char(header.size() >> 8) + header;
  Bytes out(head.begin(), head.end());
  out.insert(out.end(), raw, raw + dense.numel() * size_of(dense.dtype()));
  return out;
}

void save_npy(const std::string& path, const Tensor& t) {
  Bytes bytes;
  try {
    bytes = encode_npy(t);
  } catch (const Error& e) {
    fail("cannot write {}: {}", path, e.what());
  }
  write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace fovea
