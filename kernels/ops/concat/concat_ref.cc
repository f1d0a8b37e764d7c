#include "kernels/copy/reference.h"

namespace lacuna {
namespace {

template <class Element>
void concatenate(const RefArgs& args, std::vector<Element> Tensor::*elements) {
  const auto axis = static_cast<int>(args.attrs_as<fbs::ConcatAttrs>().axis());
  int64_t begin = 0;  // of the current input, along the axis
  for (const Tensor* input : args.inputs) {
    for_each_index(input->shape, [&](Shape index, int64_t i) {
      index[axis] += begin;
      const int64_t at = offset_of(args.output->shape, index);
      (args.output->*elements)[static_cast<size_t>(at)] = (input->*elements)[static_cast<size_t>(i)];
    });
    begin += input->shape[axis];
  }
}

}  // namespace

void concat_reference(const RefArgs& args) {
  if (args.output->type == ElementType::kF32) {
    concatenate(args, &Tensor::f32);
  } else {
    concatenate(args, &Tensor::i64);
  }
}

}  // namespace lacuna
