// Named tensors in the safetensors format (8 bytes header length, JSON header, raw little-endian data): the
// files of trained weights. The reader trusts nothing: sizes, offsets, names and types are checked before a
// tensor is made.
//   save_safetensors("net.safetensors", {{"weight", w}, {"bias", b}}, {{"model", "lenet5"}});
//   for (const auto& [name, tensor] : load_safetensors("net.safetensors")) ...
// Format: https://github.com/huggingface/safetensors#format
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fovea/tensor.h"

namespace fovea {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
using Metadata = std::map<std::string, std::string>;

/// All tensors of `path` in the order of its header. Types F32 F64 F16 BF16 I32 I64 U8 U16 I16 BOOL; others
/// throw. Throws unless header and data fit together without hole, overlap, rest or a name that stands twice.
NamedTensors load_safetensors(const std::string& path);

/// The free text entries that the file carries beside its tensors ("__metadata__").
Metadata safetensors_metadata(const std::string& path);

/// Writes `tensors` in this order, atomically: after a crash the old or the new file is there, whole.
/// Throws if a name stands twice or is "__metadata__". Every tensor lies aligned to its element size.
void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {});

}  // namespace fovea
