#include "fovea/nn/module.h"

#include <fmt/format.h>

#include <cxxabi.h>

#include <algorithm>
#include <map>
#include <set>
#include <typeinfo>

#include "tensor/recorder.h"

namespace fovea::nn {

struct Module::State {
  std::string name;             // given by the parent
  std::weak_ptr<State> parent;  // the last one
  bool training = true;
  NamedTensors parameters, buffers;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> children;
};

namespace {

thread_local ModuleObserver* observer = nullptr;

/// An Error that names its layer already, so that the modules around it leave it alone.
class LayerError : public Error {
  using Error::Error;
};

std::string join(const std::string& path, const std::string& name) {
  return path.empty() ? name : name.empty() ? path : path + "." + name;
}

std::string list(const char* what, const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format("\n  {} ({}): {}", what, names.size(), fmt::join(names, ", "));
}

bool is_batch_count(const std::string& name) {
  const std::string tail = "num_batches_tracked";
  return name.size() >= tail.size() && name.compare(name.size() - tail.size(), tail.size(), tail) == 0;
}

}  // namespace

Module::Module() : state_(std::make_shared<State>()) {}

Tensor Module::operator()(const Tensor& x) const {
  if (Recorder* r = recorder())
    r->guarded([state = state_, training = training()] { return state->training == training; });
  try {
    for (auto* o = observer; o; o = o->outer()) o->enter(*this, x);
    Tensor y = forward(x);
    for (auto* o = observer; o; o = o->outer()) o->leave(*this, x, y);
    return y;
  } catch (const LayerError&) {
    throw;
  } catch (const Error& e) {
    const std::string where = path();
    throw LayerError(where.empty() ? fmt::format("{}: {}", describe(), e.what())
                                   : fmt::format("{} ({}): {}", where, describe(), e.what()));
  }
}

std::string Module::describe() const {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status), std::free);
  const std::string full = name ? name.get() : typeid(*this).name();
  return full.substr(full.rfind(':') + 1);
}

std::string Module::path() const {
  std::string path = state_->name;
  for (auto s = state_->parent.lock(); s && !s->name.empty(); s = s->parent.lock())
    path = join(s->name, path);
  return path;
}

const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& Module::children() const {
  return state_->children;
}
const NamedTensors& Module::own_parameters() const { return state_->parameters; }
const NamedTensors& Module::own_buffers() const { return state_->buffers; }
bool Module::training() const { return state_->training; }

std::vector<std::pair<std::string, const Module*>> Module::named_modules() const {
  std::vector<std::pair<std::string, const Module*>> all{{"", this}};
  for (const auto& [name, child] : state_->children)
    for (const auto& [path, module] : child->named_modules()) all.emplace_back(join(name, path), module);
  return all;
}

NamedTensors Module::named_parameters() const {
  NamedTensors all;
  std::set<const TensorImpl*> seen;
  for (const auto& [path, module] : named_modules())
    for (const auto& [name, tensor] : module->own_parameters())
      if (seen.insert(tensor.ptr().get()).second) all.emplace_back(join(path, name), tensor);
  return all;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (const auto& [name, tensor] : named_parameters()) all.push_back(tensor);
  return all;
}

NamedTensors Module::named_buffers() const {
  NamedTensors all;
  for (const auto& [path, module] : named_modules())
    for (const auto& [name, tensor] : module->own_buffers()) all.emplace_back(join(path, name), tensor);
  return all;
}

int64_t Module::num_parameters() const {
  int64_t n = 0;
  for (const Tensor& p : parameters()) n += p.numel();
  return n;
}

NamedTensors Module::state_dict() const {
  NamedTensors all;
  for (const auto& [path, module] : named_modules()) {
    for (const auto& [name, tensor] : module->own_parameters())
      all.emplace_back(join(path, name), tensor.detach());
    for (const auto& [name, tensor] : module->own_buffers())
      all.emplace_back(join(path, name), tensor.detach());
  }
  return all;
}

Module::LoadResult Module::load_state_dict(const NamedTensors& dict, bool strict) const {
  std::map<std::string, Tensor> given;
  for (const auto& [name, tensor] : dict)
    check(given.emplace(name, tensor).second, "the weights hold {} twice", name);
  LoadResult result;
  std::vector<std::string> misfits;
  std::vector<std::pair<Tensor, Tensor>> copies;
  for (const auto& [name, own] : state_dict()) {
    const auto it = given.find(name);
    if (it == given.end()) {
      if (!is_batch_count(name)) result.missing.push_back(name);
      continue;
    }
    if (it->second.shape() == own.shape()) copies.emplace_back(own, it->second.detach());
    else misfits.push_back(fmt::format("{} is {} here but {} there", name, own.shape(), it->second.shape()));
    given.erase(it);
  }
  for (const auto& [name, tensor] : dict)
    if (given.count(name)) result.unexpected.push_back(name);
  const bool names_fit = result.missing.empty() && result.unexpected.empty();
  check(misfits.empty() && (names_fit || !strict), "the weights do not fit this {}:{}{}{}", describe(),
        list("missing", result.missing), list("unexpected", result.unexpected), list("other shape", misfits));
  for (const auto& [own, source] : copies) own.copy_from(source);
  return result;
}

void Module::train(bool on) const {
  for (const auto& [path, module] : named_modules()) module->train_only(on);
}

void Module::train_only(bool on) const { state_->training = on; }

void Module::set_tensor(const Tensor& target, const Tensor& converted) const {
  TensorImpl& impl = target.impl();
  const bool wants_grad = impl.requires_grad;
  impl = converted.impl();
  impl.requires_grad = wants_grad;
}

void Module::to(DType dtype) const {
  check(is_float(dtype), "a module computes in floats, not in {}", name_of(dtype));
  for (const auto& [path, module] : named_modules())
    for (const auto* tensors : {&module->own_parameters(), &module->own_buffers()})
      for (const auto& [name, tensor] : *tensors)
        if (is_float(tensor.dtype()) && tensor.dtype() != dtype)
          set_tensor(tensor, tensor.detach().to(dtype));
}

void Module::to(Device device) const {
  for (const auto& [path, module] : named_modules())
    for (const auto* tensors : {&module->own_parameters(), &module->own_buffers()})
      for (const auto& [name, tensor] : *tensors)
        if (tensor.device() != device) set_tensor(tensor, tensor.detach().to(device));
}

void Module::apply(const std::function<void(const Module&)>& f) const {
  for (const auto& [name, child] : state_->children) child->apply(f);
  f(*this);
}

void Module::zero_grad() const {
  for (const Tensor& p : parameters()) forget_gradient(p);
}

void Module::requires_grad(bool on) const {
  for (Tensor& p : parameters()) p.set_requires_grad(on);
}

void Module::check_name(const std::string& name) const {
  check(!name.empty() && name.find('.') == std::string::npos,
        "'{}' is no name for a part of a module: it must not be empty or hold a dot", name);
  const auto taken = [&](const auto& entries) {
    return std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.first == name; });
  };
  check(!taken(state_->parameters) && !taken(state_->buffers) && !taken(state_->children),
        "the module has a part called {} already", name);
}

Tensor Module::register_parameter(const std::string& name, Tensor value) {
  if (!value.defined()) return value;
  check_name(name);
  value.set_requires_grad();
  state_->parameters.emplace_back(name, value);
  return value;
}

Tensor Module::register_buffer(const std::string& name, Tensor value) {
  check_name(name);
  state_->buffers.emplace_back(name, value);
  return value;
}

void Module::add_child(const std::string& name, std::shared_ptr<Module> module) {
  check(module != nullptr, "module {} is null", name);
  check_name(name);
  module->state_->name = name;
  module->state_->parent = state_;
  state_->children.emplace_back(name, std::move(module));
}

AnyModule::AnyModule(std::shared_ptr<Module> module) : module_(std::move(module)) {
  check(module_ != nullptr, "AnyModule wants a module, not a null pointer");
  state_ = module_->state_;
}

ModuleObserver::ModuleObserver() : outer_(observer) { observer = this; }
ModuleObserver::~ModuleObserver() { observer = outer_; }

}  // namespace fovea::nn
