/* By nanobind. */
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/vector.h>

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
    nb::class_<point>(module, "Point")
        .def_ro("x", &point::x)
        .def_ro("y", &point::y);
    nb::class_<span>(module, "Span")
        .def_ro("begin", &span::begin)
        .def_ro("end", &span::end);
    nb::class_<vector>(module, "Vector")
        .def_ro("x", &vector::x)
        .def_ro("y", &vector::y)
        .def_ro("z", &vector::z);
    nb::class_<params>(module, "Params")
        .def_ro("version", &params::version)
        .def_prop_ro("weights", [](const params &p) {
            return std::vector<double>(p.weights, p.weights + 16);
        });
    module.attr("a_point") = nb::cast(point_out(1.5, 2.5));
    module.attr("a_span") = nb::cast(span_out(3, 4));
    module.attr("a_vector") = nb::cast(vector_out(1.5, 2.5, 3.5));
    module.attr("a_params") = nb::cast(params_out());
    module.def("point_in", &point_in);
    module.def("point_out", &point_out);
    module.def("span_in", &span_in);
    module.def("span_out", &span_out);
    module.def("vector_in", &vector_in);
    module.def("vector_out", &vector_out);
    module.def("params_in", &params_in);
    module.def("params_out", &params_out);
}
