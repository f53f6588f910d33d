#include "fovea/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/file.h"
#include "tensor/elements.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr size_t longest_header = 100'000'000;  // the limit of the format's own implementation
constexpr size_t largest_file = size_t{1} << 40;
constexpr const char* metadata_key = "__metadata__";

constexpr std::pair<std::string_view, DType> types[] = {
    {"F32", f32}, {"F64", f64}, {"F16", f16}, {"BF16", bf16}, {"I32", i32},
    {"I64", i64}, {"U8", u8},   {"U16", u16}, {"I16", i16},   {"BOOL", boolean}};

DType dtype_of_code(const std::string& code) {
  for (const auto& [name, dtype] : types)
    if (name == code) return dtype;
  fail("dtype {} is not supported; F32 F64 F16 BF16 I32 I64 U8 U16 I16 BOOL are", printable(code));
}

std::string_view code_of(DType dtype) {
  return std::find_if(std::begin(types), std::end(types), [&](const auto& t) { return t.second == dtype; })
      ->first;
}

struct Entry {
  std::string name;
  DType dtype = f32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

struct Header {
  std::vector<Entry> entries;  // in the order of the header
  Metadata metadata;
};

/// Parses the JSON while refusing what a header never has: depth, long arrays, keys that stand twice.
/// Returns the object and, in `order`, its keys as they came.
json parse_json(std::span<const uint8_t> text, std::vector<std::string>& order) {
  std::set<std::string> names, fields;
  int array_length = 0;
  const auto watch = [&](int depth, json::parse_event_t event, const json& value) {
    check(depth <= 3, "the header is nested deeper than name, field, numbers");
    if (event == json::parse_event_t::array_start) array_length = 0;
    if (event == json::parse_event_t::object_start) fields.clear();
    if (event == json::parse_event_t::value && depth == 3)
      check(++array_length <= Dims::max_rank, "a list has more than {} numbers", int(Dims::max_rank));
    if (event != json::parse_event_t::key) return true;
    const auto& key = value.get_ref<const std::string&>();
    check((depth == 1 ? names : fields).insert(key).second, "the name {} stands twice", printable(key));
    if (depth == 1) order.push_back(key);
    return true;
  };
  json header = json::parse(text.begin(), text.end(), watch);
  check(header.is_object(), "the header is no JSON object");
  return header;
}

std::vector<uint64_t> unsigned_numbers(const json& list) {
  check(list.is_array(), "shape and data_offsets want lists of numbers");
  std::vector<uint64_t> numbers;
  for (const json& n : list) {
    check(n.is_number_unsigned() && n.get<uint64_t>() <= uint64_t(INT64_MAX), "{} is no valid size",
          n.dump());
    numbers.push_back(n.get<uint64_t>());
  }
  return numbers;
}

Entry parse_entry(const std::string& name, const json& fields) {
  try {
    Entry e{.name = name, .dtype = dtype_of_code(fields.at("dtype").get<std::string>()), .shape = {}};
    for (const uint64_t d : unsigned_numbers(fields.at("shape"))) e.shape.push_back(int64_t(d));
    const auto offsets = unsigned_numbers(fields.at("data_offsets"));
    check(fields.size() == 3 && offsets.size() == 2, "wants dtype, shape and two data_offsets, nothing else");
    e.begin = offsets[0], e.end = offsets[1];
    check(e.begin <= e.end && e.end - e.begin == uint64_t(checked_bytes(e.shape, e.dtype)),
          "{} of shape {} does not fill bytes {} to {}", name_of(e.dtype), Dims(e.shape), e.begin, e.end);
    return e;
  } catch (const Error& error) {
    fail("tensor {}: {}", printable(name), error.what());
  }
}

/// The tensors must cover the data exactly: no hole, no overlap, nothing left.
void check_cover(const std::vector<Entry>& entries, size_t data_bytes) {
  std::vector<const Entry*> by_offset;
  for (const Entry& e : entries) by_offset.push_back(&e);
  std::stable_sort(by_offset.begin(), by_offset.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t at = 0;
  for (const Entry* e : by_offset) {
    check(e->begin == at, "tensor {} starts at byte {} of the data where {} is expected", printable(e->name),
          e->begin, at);
    at = e->end;
  }
  check(at == data_bytes, "the tensors fill {} bytes but {} follow the header", at, data_bytes);
}

Header parse_header(Reader& in) {
  const uint64_t length = in.u64_le();
  check(length <= longest_header, "the header claims {} bytes; at most {} are allowed", length,
        longest_header);
  std::vector<std::string> order;
  const json object = parse_json(in.take(size_t(length)), order);
  Header header;
  for (const auto& name : order) {
    if (name == metadata_key) header.metadata = object.at(name).get<Metadata>();
    else header.entries.push_back(parse_entry(name, object.at(name)));
  }
  check_cover(header.entries, in.left());
  return header;
}

/// Where each tensor lies in the data. Wide elements first keeps all aligned without holes, which the format
/// forbids.
struct Placement {
  std::vector<size_t> order;    // the tensors as they lie in the file
  std::vector<int64_t> begins;  // of tensor i
};

int64_t bytes_of(const Tensor& t) { return t.numel() * size_of(t.dtype()); }

Placement place(const NamedTensors& tensors) {
  Placement p{std::vector<size_t>(tensors.size()), std::vector<int64_t>(tensors.size())};
  std::iota(p.order.begin(), p.order.end(), size_t{0});
  std::stable_sort(p.order.begin(), p.order.end(), [&](size_t a, size_t b) {
    return size_of(tensors[a].second.dtype()) > size_of(tensors[b].second.dtype());
  });
  int64_t at = 0;
  for (const size_t i : p.order) p.begins[i] = at, at += bytes_of(tensors[i].second);
  return p;
}

std::string header_text(const NamedTensors& tensors, const Metadata& metadata, const Placement& placement) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::set<std::string> names{metadata_key};
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, t] = tensors[i];
    check(names.insert(name).second, "the name {} stands twice or is reserved", printable(name));
    const int64_t begin = placement.begins[i];
    header.push_back({name,
                      {{"dtype", code_of(t.dtype())},
                       {"shape", t.shape().vec()},
                       {"data_offsets", {begin, begin + bytes_of(t)}}}});
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

/// Runs `work` and adds the file's name to what goes wrong.
template <class F>
auto with_name(const char* doing, const std::string& path, F&& work) {
  try {
    return work();
  } catch (const json::exception& e) {
    fail("cannot {} {}: the header is no valid JSON of this format: {}", doing, path, e.what());
  } catch (const Error& e) {
    fail("cannot {} {}: {}", doing, path, e.what());
  }
}

}  // namespace

NamedTensors load_safetensors(const std::string& path) {
  const Bytes bytes = read_file(path, largest_file);
  return with_name("read", path, [&] {
    Reader in(bytes, "the file");
    const Header header = parse_header(in);
    const auto data = in.take(in.left());
    NamedTensors tensors;
    for (const Entry& e : header.entries)
      tensors.emplace_back(e.name,
                           tensor_from_bytes(data.subspan(e.begin, e.end - e.begin), e.shape, e.dtype));
    return tensors;
  });
}

Metadata safetensors_metadata(const std::string& path) {
  const Bytes bytes = read_file(path, largest_file);
  return with_name("read", path, [&] {
    Reader in(bytes, "the file");
    return parse_header(in).metadata;
  });
}

void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata) {
  const Placement placement = place(tensors);
  const std::string header =
      with_name("write", path, [&] { return header_text(tensors, metadata, placement); });
  write_file(path, [&](const auto& piece) {
    std::string length(8, '\0');
    for (int i = 0; i < 8; ++i) length[size_t(i)] = char(uint64_t(header.size()) >> (8 * i));
    piece(length);
    piece(header);
    for (const size_t i : placement.order) {
      const Tensor dense = tensors[i].second.detach().to(Device{}).contiguous();
      piece({static_cast<const char*>(dense.raw()), size_t(bytes_of(dense))});
    }
  });
}

}  // namespace fovea
