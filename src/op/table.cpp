#include "op/table.h"

#include <algorithm>

#include "fovea/kernel.h"

namespace fovea {
namespace {

std::map<std::string, std::unique_ptr<Op>>& mutable_table() {
  static auto* table = new std::map<std::string, std::unique_ptr<Op>>;
  return *table;
}

std::map<std::string, std::vector<Kernel>>& kernel_table() {
  static auto* table = new std::map<std::string, std::vector<Kernel>>;
  return *table;
}

}  // namespace

void validate(const Op& op) {
  const std::string& name = op.name();
  const int ways = (op.reference != nullptr) + (op.view != nullptr) + (op.compose != nullptr) +
                   (op.pointwise != nullptr) + (op.reduction != nullptr);
  check(ways == 1, "[{}] wants exactly one of reference, view, compose, a pointwise or a reduction text",
        name);
  check(!op.doc.empty(), "[{}] has no doc", name);
  check(!op.samples.empty(), "[{}] has no samples to test it with", name);
  const bool marked = op.compose || (op.vjp != nullptr) != !op.no_gradient.empty();
  check(marked, "[{}] wants either a vjp or the reason why it has no gradient", name);
  check(op.shape || op.view || op.compose || op.parsed.results.empty(), "[{}] has no shape rule", name);
  for (const auto& s : op.samples) attrs_of(op, s.attrs);
}

std::string Op::chapter() const {
  const size_t slash = file.rfind('/') + 1;
  return file.substr(slash, file.rfind('.') - slash);
}

Registered::Registered(Op record) {
  record.parsed = Signature::parse(record.signature);
  validate(record);
  auto stored = std::make_unique<Op>(std::move(record));
  op = stored.get();
  const std::string name = op->name();
  check(mutable_table().emplace(name, std::move(stored)).second, "op {} is registered twice", name);
}

const std::map<std::string, std::unique_ptr<Op>>& op_table() { return mutable_table(); }

const Op& find_op(const std::string& name) {
  const auto& table = op_table();
  if (const auto it = table.find(name); it != table.end()) return *it->second;
  std::vector<std::string> names;
  for (const auto& [n, op] : table) names.push_back(n);
  const std::string near = nearest(name, names);
  fail("there is no op {}{}", name, near.empty() ? "" : "; did you mean " + near + "?");
}

RegisterKernel::RegisterKernel(const char* op, Kernel kernel) {
  auto& kernels = kernel_table()[op];
  const auto later = [&](const Kernel& k) { return k.rank < kernel.rank; };
  kernels.insert(std::find_if(kernels.begin(), kernels.end(), later), kernel);
}

const std::vector<Kernel>& registered_kernels(const std::string& op) {
  static const std::vector<Kernel> none;
  const auto it = kernel_table().find(op);
  return it == kernel_table().end() ? none : it->second;
}

bool allows(DTypes set, DType t) {
  switch (set) {
    case DTypes::floats:
      return t == f32 || t == f64;
    case DTypes::numbers:
      return t == f32 || t == f64 || t == i32 || t == i64;
    case DTypes::any:
      return true;
  }
  return false;
}

std::string describe(const std::vector<View>& views) {
  std::string s;
  for (const auto& v : views) {
    if (!s.empty()) s += ", ";
    s += v.data ? fmt::format("{} {}", name_of(v.dtype), v.shape) : "undefined";
  }
  return s;
}

std::function<void(const Call&)> min_rank(const char* arg, int low) {
  return [=](const Call& c) {
    const View& v = c.in(c.op().parsed.tensor_index(arg));
    check(!v || v.rank() >= low, "[{}] {} wants at least {} dimensions but has shape {}", c.op().name(), arg,
          low, v.shape);
  };
}

std::function<void(const Call&)> rank(const char* arg, int wanted) {
  return [=](const Call& c) {
    const View& v = c.in(c.op().parsed.tensor_index(arg));
    check(!v || v.rank() == wanted, "[{}] {} wants {} dimensions but has shape {}", c.op().name(), arg,
          wanted, v.shape);
  };
}

std::function<void(const Call&)> at_least(const char* attr, int64_t low) {
  return [=](const Call& c) {
    const Attr& value = c.attrs()[size_t(c.op().parsed.attr_index(attr))];
    if (std::holds_alternative<Live<int64_t>>(value)) return;  // another one in each replay
    const auto* list = std::get_if<Dims>(&value);
    const Dims values = list ? *list : Dims{c.i(attr)};
    for (int64_t v : values)
      check(v >= low, "[{}] {}={} must be at least {} (inputs {})", c.op().name(), attr, values, low,
            describe(c.ins));
  };
}

std::function<Specs(const Call&)> same_as(int i) {
  return [=](const Call& c) { return Specs{{c.in(i).shape, c.in(i).dtype}}; };
}

std::function<Grads(const Vjp&)> not_provided() {
  return [](const Vjp& v) -> Grads {
    fail("[{}] its gradient is not provided: a derivative of this order is not available", v.op().name());
  };
}

}  // namespace fovea
