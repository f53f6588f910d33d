// `fovea ops`: the support matrix, read from the op table and the kernels registered for each op.
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/command.h"
#include "fovea/error.h"
#include "fovea/kernel.h"

namespace fovea::cli {
namespace {

struct Row {
  const Op* op;
  std::vector<std::string> devices, layouts, kernels;
  std::string dtypes, gradient;
};

std::string dtypes_of(DTypes set) {
  if (set == DTypes::floats) return "f32 f64";
  return set == DTypes::numbers ? "f32 f64 i32 i64" : "all";
}

/// As one string, since a width in a format applies to each element of fmt::join.
std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

Row row_of(const Op& op) {
  std::set<std::string> devices{Device{}.str()};
  Row row{&op, {}, {"plain"}, {}, dtypes_of(op.dtypes), op.no_gradient.empty() ? "yes" : "no"};
  bool blocked = op.view || op.compose;  // a program of other ops takes what those take
  for (const Kernel& k : kernels_of(op.name())) {
    row.kernels.emplace_back(k.name);
    devices.insert(k.device.str());
    blocked |= k.inputs == Inputs::follow || k.layouts;
  }
  if (op.view) row.kernels.emplace_back("view");
  if (op.compose) row.kernels.emplace_back("composed");
  if (op.reference || op.pointwise || op.reduction) row.kernels.emplace_back("reference");
  if (blocked) row.layouts.emplace_back("blocked8");
  row.devices.assign(devices.begin(), devices.end());
  return row;
}

void print_json(const std::vector<Row>& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const Row& r : rows)
    list.push_back({{"name", r.op->name()},
                    {"signature", r.op->signature},
                    {"chapter", r.op->chapter()},
                    {"doc", r.op->doc},
                    {"devices", r.devices},
                    {"dtypes", r.dtypes},
                    {"layouts", r.layouts},
                    {"gradient", r.gradient == "yes"},
                    {"no_gradient", r.op->no_gradient},
                    {"kernels", r.kernels}});
  fmt::print("{}\n", list.dump(2));
}

void print_table(const std::vector<Row>& rows) {
  fmt::print("{:<24} {:<8} {:<16} {:<15} {:<9} {}\n", "op", "device", "dtypes", "layouts", "gradient",
             "kernels, as tried");
  for (const Row& r : rows)
    fmt::print("{:<24} {:<8} {:<16} {:<15} {:<9} {}\n", r.op->name(), joined(r.devices), r.dtypes,
               joined(r.layouts), r.gradient, joined(r.kernels));
  fmt::print("{} ops\n", rows.size());
}

void print_one(const Row& r) {
  fmt::print(
      "{}\n{}\n\ndevice    {}\ndtypes    {}\nlayouts   {}\ngradient  {}{}\nkernels   {}\nrecord    "
      "src/ops/{}.cpp\n",
      r.op->signature, r.op->doc, fmt::join(r.devices, " "), r.dtypes, fmt::join(r.layouts, " "), r.gradient,
      r.op->no_gradient.empty() ? "" : ": " + r.op->no_gradient, fmt::join(r.kernels, ", "), r.op->chapter());
}

int run(const std::string& name, bool json) {
  std::vector<Row> rows;
  if (!name.empty()) rows.push_back(row_of(find_op(name)));
  for (const auto& [unused, op] : op_table())
    if (name.empty() && !op->internal) rows.push_back(row_of(*op));
  if (json) print_json(rows);
  else if (name.empty()) print_table(rows);
  else print_one(rows[0]);
  return 0;
}

}  // namespace

const Command ops_command{
    "ops", "every op with devices, dtypes, layouts, gradient and kernels",
    "  fovea ops\n  fovea ops conv2d         # one op, with its doc\n  fovea ops --json | jq '.[].name'\n",
    [](KeySet& app) -> std::function<int()> {
      auto name = std::make_shared<std::string>();
      auto json = std::make_shared<bool>(false);
      app.add_option("op", *name, "only this op, with its doc");
      app.add_flag("--json", *json, "as JSON");
      return [=] { return run(*name, *json); };
    }};

}  // namespace fovea::cli
