/* By nanobind. */
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/function.h>

#include "calls.h"
#include "example.h"

namespace nb = nanobind;

using Numbers = nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

NB_MODULE(peer_nanobind, module)
{
    module.def("square", &square);
    // nanobind's const char * takes str only; all others here take bytes.
    module.def("mixed", [](int8_t a, double b, uint16_t c, float d, nb::bytes e, int64_t f) {
        return mixed(a, b, c, d, e.c_str(), f);
    });
    module.def("square_items", [](Numbers numbers, Out out) {
        if (numbers.size() != out.size()) {
            throw nb::value_error("numbers and out must have equally many items");
        }
        square_items(numbers.data(), out.data(), numbers.size());
    });
    using Visitor = std::function<int32_t(int32_t, void *)>;
    module.def("visit", [](int32_t count, Visitor given) {
        const auto call = [](int32_t number, void *data) {
            return (*static_cast<Visitor *>(data))(number, nullptr);
        };
        return visit(count, call, &given);
    });
}
