// Writes the files derived from the op table into the source tree:
//   include/fovea/ops.h   declarations with docs      src/op/api.cpp   their definitions      docs/ops.md the
//   reference
// usage: fovea_generate ROOT [--check]          --check changes nothing and fails if a file is stale
//        fovea_generate --emit opencl|cuda      prints the scalar texts of all ops as a program
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/file.h"
#include "fovea/op.h"
#include "op/emit.h"

using namespace fovea;

namespace {

std::string cpp_type(const std::string& type) {
  static const std::map<std::string, std::string> types{
      {"bool", "bool"},        {"int", "int64_t"},
      {"float", "double"},     {"str", "const std::string&"},
      {"ints", "const Dims&"}, {"floats", "const std::vector<double>&"},
      {"dtype", "DType"}};
  const auto it = types.find(type);
  check(it != types.end(), "unknown attribute type {}", type);
  return it->second;
}

std::string number_text(double v) {
  if (std::isinf(v)) return v > 0 ? "INFINITY" : "-INFINITY";
  return fmt::format("{}", v);
}

/// The default as C++ source.
std::string cpp_value(const Attr& value) {
  if (auto* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (auto* i = std::get_if<int64_t>(&value)) return fmt::format("{}", *i);
  if (auto* d = std::get_if<double>(&value)) return number_text(*d);
  if (auto* s = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", *s);
  if (auto* d = std::get_if<Dims>(&value)) return fmt::format("{{{}}}", fmt::join(d->vec(), ", "));
  if (auto* f = std::get_if<std::vector<double>>(&value)) return fmt::format("{{{}}}", fmt::join(*f, ", "));
  if (auto* t = std::get_if<DType>(&value)) return name_of(*t);
  return "";
}

struct Declaration {
  std::string result, parameters, plain_parameters, tensors, attrs;
};

Declaration declare(const Op& op) {
  Declaration d;
  const Signature& s = op.parsed;
  const size_t n = s.results.size();
  d.result = n == 0 ? "void" : n == 1 ? "Tensor" : "std::tuple<Tensor";
  for (size_t i = 1; i < n; ++i) d.result += ", Tensor";
  if (n > 1) d.result += ">";
  bool all_defaults = true;
  for (const auto& a : s.attrs) all_defaults &= !std::holds_alternative<std::monostate>(a.fallback);
  auto add = [&](const std::string& text, const std::string& fallback) {
    if (!d.parameters.empty()) d.parameters += ", ", d.plain_parameters += ", ";
    d.parameters += text + (fallback.empty() ? "" : " = " + fallback);
    d.plain_parameters += text;
  };
  for (const auto& t : s.tensors) {
    add(fmt::format("{} {}", t.list ? "const std::vector<Tensor>&" : "const Tensor&", t.name),
        t.optional && all_defaults ? "{}" : "");
    d.tensors += (d.tensors.empty() ? "" : ", ") + t.name;
  }
  for (const auto& a : s.attrs) {
    add(cpp_type(a.type) + " " + a.name, cpp_value(a.fallback));
    d.attrs += (d.attrs.empty() ? "" : ", ") + a.name;
  }
  return d;
}

std::string wrapped(const std::string& text, const std::string& prefix, size_t width) {
  std::istringstream words(text);
  std::string out, line = prefix;
  for (std::string w; words >> w;) {
    if (line.size() + w.size() + 1 > width) out += line + "\n", line = prefix;
    line += " " + w;
  }
  return out + line + "\n";
}

/// Ops by chapter, internal ones left out.
std::map<std::string, std::vector<const Op*>> chapters() {
  std::map<std::string, std::vector<const Op*>> by_chapter;
  for (const auto& [name, op] : op_table())
    if (!op->internal) by_chapter[op->chapter()].push_back(op.get());
  return by_chapter;
}

std::string header() {
  std::string out =
      "// The ops as functions. Generated from the op table by fovea_generate: edit the record in src/ops/, "
      "not this file.\n"
      "#pragma once\n#include <cmath>\n#include <string>\n#include <tuple>\n#include <vector>\n\n#include "
      "\"fovea/tensor.h\"\n\n"
      "namespace fovea {\n";
  for (const auto& [chapter, ops] : chapters()) {
    out += fmt::format("\n// {}\n", chapter);
    for (const Op* op : ops) {
      const auto d = declare(*op);
      out += "\n" + wrapped(op->doc, "///", 110) +
             fmt::format("{} {}({});\n", d.result, op->name(), d.parameters);
    }
  }
  return out + "\n}  // namespace fovea\n";
}

std::string definitions() {
  std::string out =
      "// Generated from the op table by fovea_generate: edit the record in src/ops/, not this file.\n"
      "#include \"fovea/op.h\"\n#include \"fovea/ops.h\"\n\nnamespace fovea {\n";
  for (const auto& [chapter, ops] : chapters())
    for (const Op* op : ops) {
      const auto d = declare(*op);
      const bool list = !op->parsed.tensors.empty() && op->parsed.tensors.back().list;
      const std::string tensors = list && op->parsed.tensors.size() == 1 ? d.tensors : "{" + d.tensors + "}";
      check(!list || op->parsed.tensors.size() == 1, "[{}] a list must be the only tensor argument",
            op->name());
      const std::string call = fmt::format("apply(op, {}, {{{}}})", tensors, d.attrs);
      const size_t n = op->parsed.results.size();
      std::string body = n == 0   ? call + ";"
                         : n == 1 ? "return " + call + "[0];"
                                  : "const auto y = " + call + ";\n  return {y[0]";
      for (size_t i = 1; i < n; ++i) body += fmt::format(", y[{}]", i);
      if (n > 1) body += "};";
      out += fmt::format("\n{} {}({}) {{\n  static const Op& op = find_op(\"{}\");\n  {}\n}}\n", d.result,
                         op->name(), d.plain_parameters, op->name(), body);
    }
  return out + "\n}  // namespace fovea\n";
}

std::string reference() {
  std::string out =
      "# Ops\n\nGenerated from the op table: edit the record in `src/ops/`, then run `tools/generate`. In a "
      "signature `?` marks a\n"
      "tensor that may be left out, `*` a list, `!` one that is written in place, `@` a fixed dtype; `: "
      "type` a required argument.\n";
  for (const auto& [chapter, ops] : chapters()) {
    out += fmt::format("\n## {}\n\n", chapter);
    for (const Op* op : ops) {
      const std::string grad = op->compose ? "through its parts"
                               : op->vjp   ? "yes"
                                           : "none: " + op->no_gradient;
      out += fmt::format("### `{}`\n\n{}\n\nGradient: {}.\n\n", op->signature, op->doc, grad);
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  check(argc >= 2, "usage: fovea_generate ROOT [--check]");
  if (argc == 3 && std::string(argv[1]) == "--emit") {
    std::cout << emit(std::string(argv[2]) == "cuda" ? Dialect::cuda : Dialect::opencl);
    return 0;
  }
  const std::string root = argv[1];
  const bool only_check = argc > 2 && std::string(argv[2]) == "--check";
  bool stale = false;
  for (const auto& [path, content] :
       {std::pair{"include/fovea/ops.h", header()}, std::pair{"src/op/api.cpp", definitions()},
        std::pair{"docs/ops.md", reference()}}) {
    const std::string file = root + "/" + path;
    std::ifstream in(file);
    std::stringstream old;
    old << in.rdbuf();
    if (old.str() == content) continue;
    stale = true;
    if (only_check) std::cerr << path << " is stale: run tools/generate\n";
    else write_file(file, content), std::cout << "wrote " << path << "\n";
  }
  return only_check && stale ? 1 : 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
