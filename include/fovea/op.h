// The op record: everything fovea knows about one op, in one place. The public header ops.h, docs/ops.md, the
// support matrix and the tests are derived from it. An op is one of
//   reference   a kernel that defines the meaning (plus `shape`, and `vjp` for the gradient), on plain dense
//   inputs view        another look at the same elements compose     a program of other ops, differentiated
//   through its parts pointwise   a scalar text (pointwise.h)
// Ops may be registered from any program; examples/05_own_op shows one. Registration happens before main,
// calls at any time from any thread.
//   FOVEA_OP(square_sum) {
//     .signature = "square_sum(x) -> y", .doc = "...", .shape = ..., .reference = FOVEA_FLOATS(forward), .vjp
//     = ..., .samples = {{{f({2, 3})}}},
//   };
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fovea/view.h"

namespace fovea {

/// A number that is read anew each time the call runs: a learning rate, a random counter. So a captured step
/// (compile.h) follows it.
template <class T>
struct Live {
  std::shared_ptr<const T> value;
  bool operator==(const Live&) const = default;
};

/// The value of an argument that is no tensor.
using Attr = std::variant<std::monostate, bool, int64_t, double, std::string, Dims, std::vector<double>,
                          DType, Live<int64_t>, Live<double>>;
using Attrs = std::vector<Attr>;  // in the order of the signature

/// Parsed from text such as
///   conv2d(x, weight, bias?, stride=[1], groups=1) -> y          ? may be undefined, [..] integers, 1
///   int, 1.0 float gather(x, index@i64, dim: int)                               @ dtype of a tensor, ":
///   type" = required attribute concat(xs*, dim=0)        sgd_step(param!, grad, lr: float)  * list of
///   tensors, ! written in place
struct Signature {
  struct TensorArg {
    std::string name;
    bool optional = false, list = false, mutated = false;
    std::optional<DType> dtype;  // unset: the dtype of the call
  };
  struct AttrArg {
    std::string name, type;  // bool int float str ints floats dtype
    Attr fallback;           // monostate: required
  };
  std::string name;
  std::vector<TensorArg> tensors;
  std::vector<AttrArg> attrs;
  std::vector<std::string> results;  // empty: works in place

  static Signature parse(const std::string& text);
  int attr_index(std::string_view name) const;  // -1 if there is none
  int tensor_index(std::string_view name) const;
};

struct Op;

/// Named access to the attributes of a call. References to numbers stay valid as long as the attributes, and
/// those to Live ones show their present value.
class AttrReader {
 public:
  AttrReader(const Op& op, const Attrs& attrs) : op_(&op), attrs_(&attrs) {}
  const Op& op() const { return *op_; }
  const Attrs& attrs() const { return *attrs_; }
  bool b(const char* name) const { return get<bool>(name); }
  const int64_t& i(const char* name) const { return get<int64_t>(name); }
  const double& f(const char* name) const { return get<double>(name); }
  const std::string& s(const char* name) const { return get<std::string>(name); }
  const Dims& d(const char* name) const { return get<Dims>(name); }
  const std::vector<double>& fs(const char* name) const { return get<std::vector<double>>(name); }
  DType type(const char* name) const { return get<DType>(name); }
  /// Integers with one entry per spatial dimension: [2] stands for [2,2] where n = 2.
  Dims d(const char* name, int n) const;

 private:
  template <class T>
  const T& get(const char* name) const;
  const Op* op_;
  const Attrs* attrs_;
};

/// One call as shape rules and kernels see it. `out` is empty while shapes are worked out.
class Call : public AttrReader {
 public:
  Call(const Op& op, const Attrs& attrs, std::vector<View> in, std::vector<View> out = {})
      : AttrReader(op, attrs), ins(std::move(in)), outs(std::move(out)) {}
  const View& in(int i) const { return ins[size_t(i)]; }
  const View& out(int i = 0) const { return outs[size_t(i)]; }
  int inputs() const { return int(ins.size()); }
  /// The dtype shared by all inputs without a fixed one (or of attribute `dtype` if there are none).
  DType dtype() const { return dtype_; }

  std::vector<View> ins, outs;
  char* scratch = nullptr;         // as many bytes as Kernel::scratch asked for, aligned to 64
  const char* prepared = nullptr;  // what Kernel::prepare made, aligned to 64
  bool constant_weight = false;    // input 1 stays as it is: a kernel that can prepare it may pay sooner
  DType dtype_ = f32;
};

struct Spec {
  Dims shape;
  DType dtype;
};
using Specs = std::vector<Spec>;

/// One recorded call as a gradient rule sees it. Which inputs and results keep their values is `Op::saves`.
class Vjp : public AttrReader {
 public:
  Vjp(const Op& op, const Attrs& attrs) : AttrReader(op, attrs) {}
  const Tensor& in(int i) const { return ins[size_t(i)]; }
  const Tensor& out(int i = 0) const { return outs[size_t(i)]; }
  /// Gradient of the loss with respect to result i; undefined if nothing depends on it.
  const Tensor& g(int i = 0) const { return gs[size_t(i)]; }
  /// Whether the gradient of input i is wanted.
  bool needs(int i) const { return needed[size_t(i)]; }
  int inputs() const { return int(ins.size()); }

  std::vector<Tensor> ins, outs, gs;
  std::vector<bool> needed;
};
using Grads = std::vector<Tensor>;  // one per input, undefined = zero or not wanted

/// Arguments of a composed op.
class Args : public AttrReader {
 public:
  Args(const Op& op, const Attrs& attrs, const std::vector<Tensor>& in) : AttrReader(op, attrs), ins(in) {}
  const Tensor& in(int i) const { return ins[size_t(i)]; }
  const std::vector<Tensor>& ins;
};

/// A random test input.
struct Gen {
  Dims shape;
  double low = -2, high = 2;
  std::optional<DType> dtype;  // unset: the dtype under test
  bool undefined = false;
};
inline Gen f(Dims shape, double low = -2, double high = 2) { return {shape, low, high, {}, false}; }
inline Gen ints(Dims shape, int64_t low, int64_t high) {
  return {shape, double(low), double(high), i64, false};
}
inline Gen bools(Dims shape) { return {shape, 0, 2, boolean, false}; }
inline Gen none() { return {{}, 0, 0, {}, true}; }

using NamedAttrs = std::vector<std::pair<std::string, Attr>>;
struct Sample {
  std::vector<Gen> in;
  NamedAttrs attrs = {};
};

enum class DTypes : uint8_t { floats, numbers, any };  // f32 f64 | + i32 i64 | everything stored
bool allows(DTypes set, DType t);

struct Pointwise;
struct Reduction;

struct Op {
  std::string signature;
  std::string doc;
  DTypes dtypes = DTypes::floats;
  std::vector<std::function<void(const Call&)>> require = {};  // rules checked before `shape`
  std::function<Specs(const Call&)> shape = nullptr;
  std::function<void(const Call&)> reference = nullptr;
  std::function<Tensor(const Args&)> view = nullptr;
  std::function<std::vector<Tensor>(const Args&)> compose = nullptr;
  std::function<Grads(const Vjp&)> vjp = nullptr;
  /// Why the gradient is zero or does not exist. Exactly one of vjp and this is set (compose needs neither).
  std::string no_gradient = {};
  /// Names of the inputs and results whose values `vjp` reads; unset: all inputs.
  std::optional<std::vector<std::string>> saves = {};
  std::vector<Sample> samples = {};
  std::vector<Sample> bad = {};    // must throw; the text names the op and the shapes
  std::vector<double> kinks = {};  // input values near which the derivative jumps: skipped by gradient checks
  double tolerance = 1e-5;         // relative, f32 backend against f32 reference and f32 against f64
  bool random = false;             // draws random numbers: equal seeds give equal results
  bool internal = false;           // used by gradients only: tested, but not in ops.h
  std::shared_ptr<const Pointwise> pointwise = nullptr;
  std::shared_ptr<const Reduction> reduction = nullptr;
  std::string file = __builtin_FILE();  // where the record stands; its name is the chapter in the docs
  Signature parsed = {};                // filled by registration
  const std::string& name() const { return parsed.name; }
  /// "activation" for an op of activation.cpp.
  std::string chapter() const;
};

/// Puts an op into the table. Throws (at start) on a malformed record: no doc, no samples, no gradient mark,
/// doubled name.
struct Registered {
  Registered(Op op);  // NOLINT: implicit by design of FOVEA_OP
  const Op* op;
};
#define FOVEA_OP(NAME) static const ::fovea::Registered NAME##_op = ::fovea::Op

/// All ops by name.
const std::map<std::string, std::unique_ptr<Op>>& op_table();
/// Throws with the nearest name if there is none.
const Op& find_op(const std::string& name);

/// Calls an op: checks the arguments, converts layouts, picks a kernel, runs it, records it on the tape.
/// `attrs` in the order of the signature; shorter lists are completed by the defaults.
std::vector<Tensor> apply(const Op& op, const std::vector<Tensor>& in, Attrs attrs = {});
/// The same with attributes by name, for one result.
Tensor call(const std::string& op, const std::vector<Tensor>& in, const NamedAttrs& attrs = {});
/// `attrs` in the order of the signature, completed by defaults and converted; throws on unknown names or
/// wrong types.
Attrs attrs_of(const Op& op, const NamedAttrs& attrs);

/// "f32 (2,3), f32 (3)": for messages.
std::string describe(const std::vector<View>& views);

// Common rules.
/// Throws unless input `arg` has `rank` dimensions.
std::function<void(const Call&)> rank(const char* arg, int rank);
std::function<void(const Call&)> min_rank(const char* arg, int rank);
/// Throws unless every entry of integer attribute `attr` is at least `low`.
std::function<void(const Call&)> at_least(const char* attr, int64_t low);
/// One result, like input i.
std::function<Specs(const Call&)> same_as(int i);

/// The vjp of an op whose gradient exists but is not written: throws "... not provided", never a silent zero.
std::function<Grads(const Vjp&)> not_provided();

/// `forward` instantiated for float and double: FOVEA_FLOATS(forward) where template<class real> void
/// forward(const Call&).
#define FOVEA_FLOATS(FORWARD) \
  [](const ::fovea::Call& c) { c.dtype() == ::fovea::f64 ? FORWARD<double>(c) : FORWARD<float>(c); }

}  // namespace fovea
