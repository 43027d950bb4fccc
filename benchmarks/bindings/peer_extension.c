/* By hand: an extension as one writes it who has read Python's C API reference. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "calls.h"
#include "example.h"

/* An int in low..high; -1 with an error set where it is not. */
static long checked(PyObject *object, long low, long high)
{
    const long number = PyLong_AsLong(object);
    if (number == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (number < low || number > high) {
        PyErr_Format(PyExc_OverflowError, "must be in %ld..%ld", low, high);
        return -1;
    }
    return number;
}

static int has_count(const char *name, Py_ssize_t count, Py_ssize_t expected)
{
    if (count != expected) {
        PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, expected,
            count);
    }
    return count == expected;
}

static PyObject *call_square(PyObject *module, PyObject *object)
{
    const long number = checked(object, -46340, 46340);
    (void)module;
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyLong_FromLong(square((int32_t)number));
}

static PyObject *call_mixed(PyObject *module, PyObject *const *objects, Py_ssize_t count)
{
    long a, c;
    double b, d;
    char *e;
    Py_ssize_t length;
    long long f;
    (void)module;
    if (!has_count("mixed", count, 6)) {
        return NULL;
    }
    a = checked(objects[0], INT8_MIN, INT8_MAX);
    if (a == -1 && PyErr_Occurred()) {
        return NULL;
    }
    b = PyFloat_AsDouble(objects[1]);
    if (b == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    c = checked(objects[2], 0, UINT16_MAX);
    if (c == -1 && PyErr_Occurred()) {
        return NULL;
    }
    d = PyFloat_AsDouble(objects[3]);
    if (d == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    if (PyBytes_AsStringAndSize(objects[4], &e, NULL)) { /* NULL: refuses a NUL within */
        return NULL;
    }
    f = PyLong_AsLongLong(objects[5]);
    if (f == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyLong_FromLong(mixed((int8_t)a, b, (uint16_t)c, (float)d, e, f));
}

/* A buffer of int32_t. */
static int get_items(PyObject *object, Py_buffer *view, int flags)
{
    if (PyObject_GetBuffer(object, view, flags | PyBUF_FORMAT | PyBUF_C_CONTIGUOUS)) {
        return -1;
    }
    if (view->itemsize != 4 || !view->format || !strchr("il", view->format[0])) {
        PyBuffer_Release(view);
        PyErr_SetString(PyExc_TypeError, "items must be int32_t");
        return -1;
    }
    return 0;
}

static PyObject *call_square_items(PyObject *module, PyObject *const *objects, Py_ssize_t count)
{
    Py_buffer numbers, out;
    PyObject *result = NULL;
    (void)module;
    if (!has_count("square_items", count, 2) || get_items(objects[0], &numbers, 0)) {
        return NULL;
    }
    if (get_items(objects[1], &out, PyBUF_WRITABLE)) {
        PyBuffer_Release(&numbers);
        return NULL;
    }
    if (numbers.len != out.len) {
        PyErr_SetString(PyExc_ValueError, "numbers and out must have equally many items");
    } else {
        square_items(numbers.buf, out.buf, (size_t)numbers.len / sizeof(int32_t));
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&out);
    PyBuffer_Release(&numbers);
    return result;
}

/* `data` is a Python function. After an exception, C gets 0, and nothing else is called. */
static int32_t call_back(int32_t number, void *data)
{
    PyObject *arguments[] = {NULL, NULL, Py_None}, *result;
    int32_t answer = 0;
    if (PyErr_Occurred()) {
        return 0;
    }
    arguments[1] = PyLong_FromLong(number);
    if (!arguments[1]) {
        return 0;
    }
    result = PyObject_Vectorcall(
        data, arguments + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(arguments[1]);
    if (result) {
        answer = (int32_t)checked(result, INT32_MIN, INT32_MAX);
        Py_DECREF(result);
    }
    return answer;
}

static PyObject *call_visit(PyObject *module, PyObject *const *objects, Py_ssize_t count)
{
    long number;
    int32_t sum;
    (void)module;
    if (!has_count("visit", count, 2)) {
        return NULL;
    }
    number = checked(objects[0], INT32_MIN, INT32_MAX);
    if (number == -1 && PyErr_Occurred()) {
        return NULL;
    }
    sum = visit((int32_t)number, call_back, objects[1]);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(sum);
}

static PyMethodDef methods[] = {
    {"square", call_square, METH_O, NULL},
    {"mixed", (PyCFunction)(void (*)(void))call_mixed, METH_FASTCALL, NULL},
    {"square_items", (PyCFunction)(void (*)(void))call_square_items, METH_FASTCALL, NULL},
    {"visit", (PyCFunction)(void (*)(void))call_visit, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "peer_extension", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_peer_extension(void)
{
    return PyModuleDef_Init(&definition);
}
