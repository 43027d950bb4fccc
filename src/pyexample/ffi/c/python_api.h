/*
 * The part of Python's C API that is used. It is declared here, because Python's
 * headers would tie the binary to one version. All of it is in the stable ABI
 * (https://docs.python.org/3/c-api/stable.html), whose functions keep their
 * prototypes. After each are the first Python version that has it, and the page that
 * documents it, below https://docs.python.org/3/c-api/.
 */
#ifndef PYTHON_API_H
#define PYTHON_API_H

#include <stddef.h>
#include <stdint.h>

typedef struct PyObject PyObject;           /* opaque here */
typedef struct PyThreadState PyThreadState; /* likewise */
typedef ptrdiff_t Py_ssize_t;

/* type.html#c.PyType_Spec, PyType_Slot */
typedef struct {
    int slot;
    void *pfunc;
} PyType_Slot;
typedef struct {
    const char *name;
    int basicsize;
    int itemsize;
    unsigned int flags;
    PyType_Slot *slots;
} PyType_Spec;

/* typeobj.html#c.Py_TPFLAGS_BASETYPE */
#define Py_TPFLAGS_BASETYPE (1U << 10)

/* buffer.html#c.Py_buffer: in the stable ABI since 3.11, unchanged from 3.10 */
typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len;
    Py_ssize_t itemsize;
    int readonly;
    int ndim;
    char *format;
    Py_ssize_t *shape;
    Py_ssize_t *strides;
    Py_ssize_t *suboffsets;
    void *internal;
} Py_buffer;

/* buffer.html#buffer-request-types */
#define PyBUF_SIMPLE 0x00
#define PyBUF_WRITABLE 0x01
#define PyBUF_FORMAT 0x04
#define PyBUF_C_CONTIGUOUS 0x38

/* structures.html#c.METH_FASTCALL; in the stable ABI since 3.10 */
#define METH_FASTCALL 0x80
#define METH_KEYWORDS 0x02

/* type.html#c.PyType_GetFlags, Include/object.h: part of the stable ABI, because its
   macros PyLong_Check, PyBytes_Check and PyUnicode_Check test them */
#define Py_TPFLAGS_HEAPTYPE (1UL << 9)
#define Py_TPFLAGS_LONG_SUBCLASS (1UL << 24)
#define Py_TPFLAGS_BYTES_SUBCLASS (1UL << 27)
#define Py_TPFLAGS_UNICODE_SUBCLASS (1UL << 28)

/* Include/typeslots.h; in the stable ABI, Py_bf_getbuffer since 3.11 */
#define Py_bf_getbuffer 1
#define Py_tp_new 65

/* typeobj.html#c.PyTypeObject.tp_new */
typedef PyObject *(*newfunc)(const void *type, PyObject *arguments, PyObject *keywords);

#define PYTHON_FUNCTIONS(X)                                                                      \
    X(void, Py_IncRef, (PyObject *))                              /* 3.2  refcounting.html */    \
    X(void, Py_DecRef, (PyObject *))                              /* 3.2  refcounting.html */    \
    X(unsigned long, PyType_GetFlags, (const void *))             /* 3.2  type.html */           \
    X(int, PyType_IsSubtype, (const void *, const void *))        /* 3.2  type.html */           \
    X(void *, PyType_GetSlot, (const void *, int))                /* 3.4  type.html */           \
    X(PyObject *, PyErr_Occurred, (void))                         /* 3.2  exceptions.html */     \
    X(void, PyErr_Clear, (void))                                  /* 3.2  exceptions.html */     \
    X(int, PyErr_ExceptionMatches, (const void *))                /* 3.2  exceptions.html */     \
    X(void, PyErr_Fetch, (PyObject **, PyObject **, PyObject **)) /* 3.2  exceptions.html */     \
    X(void, PyErr_NormalizeException, (PyObject **, PyObject **, PyObject **)) /* likewise */    \
    X(void, PyErr_Restore, (PyObject *, PyObject *, PyObject *))      /* 3.2 exceptions.html */  \
    X(int, PyException_SetTraceback, (PyObject *, PyObject *))        /* 3.2  exceptions.html */ \
    X(void, PyErr_WriteUnraisable, (PyObject *))                      /* 3.2  exceptions.html */ \
    X(PyObject *, PyErr_NoMemory, (void))                             /* 3.2  exceptions.html */ \
    X(PyObject *, PyObject_GetAttrString, (PyObject *, const char *)) /* 3.2  object.html */     \
    X(PyObject *, PyObject_GetItem, (PyObject *, PyObject *))         /* 3.2  object.html */     \
    X(PyObject *, PyObject_Call, (PyObject *, PyObject *, PyObject *))   /* 3.2  call.html */    \
    X(PyObject *, PyTuple_New, (Py_ssize_t))                             /* 3.2  tuple.html */   \
    X(PyObject *, PyTuple_GetItem, (PyObject *, Py_ssize_t))             /* 3.2  tuple.html */   \
    X(int, PyTuple_SetItem, (PyObject *, Py_ssize_t, PyObject *))        /* 3.2  tuple.html */   \
    X(Py_ssize_t, PyTuple_Size, (PyObject *))                            /* 3.2  tuple.html */   \
    X(PyObject *, PyDict_New, (void))                                    /* 3.2  dict.html */    \
    X(int, PyDict_SetItem, (PyObject *, PyObject *, PyObject *))         /* 3.2  dict.html */    \
    X(long long, PyLong_AsLongLongAndOverflow, (PyObject *, int *))      /* 3.2  long.html */    \
    X(unsigned long long, PyLong_AsUnsignedLongLong, (PyObject *))       /* 3.2  long.html */    \
    X(PyObject *, PyLong_FromLongLong, (long long))                      /* 3.2  long.html */    \
    X(PyObject *, PyLong_FromUnsignedLongLong, (unsigned long long))     /* 3.2  long.html */    \
    X(double, PyFloat_AsDouble, (PyObject *))                            /* 3.2  float.html */   \
    X(PyObject *, PyFloat_FromDouble, (double))                          /* 3.2  float.html */   \
    X(char *, PyBytes_AsString, (PyObject *))                            /* 3.2  bytes.html */   \
    X(Py_ssize_t, PyBytes_Size, (PyObject *))                            /* 3.2  bytes.html */   \
    X(PyObject *, PyBytes_FromString, (const char *))                    /* 3.2  bytes.html */   \
    X(PyObject *, PyBytes_FromStringAndSize, (const char *, Py_ssize_t)) /* likewise */          \
    X(const char *, PyUnicode_AsUTF8AndSize, (PyObject *, Py_ssize_t *)) /* 3.10 unicode.html */ \
    X(PyObject *, PyUnicode_FromString, (const char *))                  /* 3.2  unicode.html */ \
    X(int, PyObject_GetBuffer, (PyObject *, Py_buffer *, int)) /* 3.11 buffer.html, and          \
                                        exported by earlier versions too */                      \
    X(void, PyBuffer_Release, (Py_buffer *))                   /* 3.11 buffer.html, likewise */  \
    X(PyObject *, PyType_FromSpec, (PyType_Spec *))            /* 3.2  type.html */              \
    X(void *, PyMem_Malloc, (size_t))                          /* 3.2  memory.html */            \
    X(void, PyMem_Free, (void *))                              /* 3.2  memory.html */            \
    X(PyThreadState *, PyEval_SaveThread, (void))              /* 3.2  init.html */              \
    X(void, PyEval_RestoreThread, (PyThreadState *))           /* 3.2  init.html */

/* A struct of pointers to them, because this library is not linked against Python. */
#define PYTHON_FUNCTION_FIELD(result, name, arguments) result(*name) arguments;
typedef struct {
    PYTHON_FUNCTIONS(PYTHON_FUNCTION_FIELD)
} python_functions;

#endif
