/* By pybind11. */
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "calls.h"
#include "example.h"

namespace py = pybind11;

using Items = py::array_t<int32_t, py::array::c_style>;

PYBIND11_MODULE(peer_pybind11, module)
{
    module.def("square", &square);
    module.def("mixed", &mixed);
    module.def(
        "square_items",
        [](const Items &numbers, Items &out) {
            if (numbers.size() != out.size()) {
                throw py::value_error("numbers and out must have equally many items");
            }
            square_items(numbers.data(), out.mutable_data(), static_cast<size_t>(numbers.size()));
        },
        // Without this, an array of other items would be converted: a copy would be written.
        py::arg().noconvert(), py::arg().noconvert());
    using Visitor = std::function<int32_t(int32_t, void *)>;
    module.def("visit", [](int32_t count, Visitor given) {
        const auto call = [](int32_t number, void *data) {
            return (*static_cast<Visitor *>(data))(number, nullptr);
        };
        return visit(count, call, &given);
    });
}
