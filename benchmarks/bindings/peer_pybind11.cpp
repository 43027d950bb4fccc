/* By pybind11. */
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

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
    py::class_<point>(module, "Point")
        .def_readonly("x", &point::x)
        .def_readonly("y", &point::y);
    py::class_<span>(module, "Span")
        .def_readonly("begin", &span::begin)
        .def_readonly("end", &span::end);
    py::class_<vector>(module, "Vector")
        .def_readonly("x", &vector::x)
        .def_readonly("y", &vector::y)
        .def_readonly("z", &vector::z);
    py::class_<params>(module, "Params")
        .def_readonly("version", &params::version)
        .def_property_readonly("weights", [](const params &p) {
            return std::vector<double>(p.weights, p.weights + 16);
        });
    module.attr("a_point") = py::cast(point_out(1.5, 2.5));
    module.attr("a_span") = py::cast(span_out(3, 4));
    module.attr("a_vector") = py::cast(vector_out(1.5, 2.5, 3.5));
    module.attr("a_params") = py::cast(params_out());
    module.def("point_in", &point_in);
    module.def("point_out", &point_out);
    module.def("span_in", &span_in);
    module.def("span_out", &span_out);
    module.def("vector_in", &vector_in);
    module.def("vector_out", &vector_out);
    module.def("params_in", &params_in);
    module.def("params_out", &params_out);
}
