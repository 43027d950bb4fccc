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

/* typeobj.html#c.Py_TPFLAGS_BASETYPE, Py_TPFLAGS_HAVE_GC */
#define Py_TPFLAGS_BASETYPE (1U << 10)
#define Py_TPFLAGS_HAVE_GC (1U << 14)

/* structures.html#c.PyMemberDef; its types, from structmember.h, are in the stable ABI too */
typedef struct {
    const char *name;
    int type;
    Py_ssize_t offset;
    int flags;
    const char *doc;
} PyMemberDef;
#define T_OBJECT 6 /* NULL is None */
#define T_UBYTE 9
#define T_ULONGLONG 18
#define READONLY 1

/* structures.html#c.PyGetSetDef */
typedef struct {
    const char *name;
    PyObject *(*get)(PyObject *, void *);
    int (*set)(PyObject *, PyObject *, void *);
    const char *doc;
    void *closure;
} PyGetSetDef;

/* structures.html#c.PyMethodDef */
typedef struct {
    const char *ml_name;
    PyObject *(*ml_meth)(PyObject *, PyObject *);
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;

/* gcsupport.html#c.visitproc, c.traverseproc */
typedef int (*visitproc)(PyObject *, void *);

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

/* call.html#c.PY_VECTORCALL_ARGUMENTS_OFFSET */
#define PY_VECTORCALL_ARGUMENTS_OFFSET ((size_t)1 << (8 * sizeof(size_t) - 1))

/* init.html#c.PyGILState_Ensure: an opaque handle */
typedef enum { PyGILState_LOCKED, PyGILState_UNLOCKED } PyGILState_STATE;

/* structures.html#c.METH_FASTCALL; in the stable ABI since 3.10 */
#define METH_FASTCALL 0x80
#define METH_KEYWORDS 0x02
#define METH_NOARGS 0x04

/* type.html#c.PyType_GetFlags, Include/object.h: part of the stable ABI, because its
   macros PyLong_Check, PyBytes_Check and the like test them */
#define Py_TPFLAGS_HEAPTYPE (1UL << 9)
#define Py_TPFLAGS_LONG_SUBCLASS (1UL << 24)
#define Py_TPFLAGS_LIST_SUBCLASS (1UL << 25)
#define Py_TPFLAGS_TUPLE_SUBCLASS (1UL << 26)
#define Py_TPFLAGS_BYTES_SUBCLASS (1UL << 27)
#define Py_TPFLAGS_UNICODE_SUBCLASS (1UL << 28)

/* Include/typeslots.h; the first in the stable ABI since 3.11 */
#define Py_bf_getbuffer 1
#define Py_tp_dealloc 52
#define Py_tp_methods 64
#define Py_tp_new 65
#define Py_tp_traverse 71
#define Py_tp_members 72
#define Py_tp_getset 73
#define Py_tp_free 74
#define Py_tp_finalize 80

/* object.html#c.PyObject_RichCompareBool: Py_EQ */
#define PY_EQ 2

/* typeobj.html#c.PyTypeObject.tp_new */
typedef PyObject *(*newfunc)(const void *type, PyObject *arguments, PyObject *keywords);

#define PYTHON_FUNCTIONS(X)                                                                      \
    X(void, Py_IncRef, (PyObject *))                              /* 3.2  refcounting.html */    \
    X(void, Py_DecRef, (PyObject *))                              /* 3.2  refcounting.html */    \
    X(unsigned long, PyType_GetFlags, (const void *))             /* 3.2  type.html */           \
    X(int, PyType_IsSubtype, (const void *, const void *))        /* 3.2  type.html */           \
    X(void *, PyType_GetSlot, (const void *, int))                /* 3.4  type.html */           \
    X(PyObject *, PyErr_Occurred, (void))                         /* 3.2  exceptions.html */     \
    X(int, PyErr_CheckSignals, (void))                            /* 3.2  exceptions.html */     \
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
    X(int, PyObject_RichCompareBool, (PyObject *, PyObject *, int))   /* 3.2  object.html */     \
    X(PyObject *, PyObject_Call, (PyObject *, PyObject *, PyObject *)) /* 3.2  call.html */      \
    X(int, PyCallable_Check, (PyObject *))                             /* 3.2  call.html */      \
    X(PyObject *, PyObject_Vectorcall,                                                           \
        (PyObject *, PyObject *const *, size_t, PyObject *)) /* 3.12 call.html; exported since   \
           3.11, and PyObject_VectorcallDict, the same if the last one is NULL, since 3.9 */     \
    X(PyObject *, PyTuple_New, (Py_ssize_t))                 /* 3.2  tuple.html */               \
    X(PyObject *, PyTuple_GetItem, (PyObject *, Py_ssize_t)) /* 3.2  tuple.html */               \
    X(int, PyTuple_SetItem, (PyObject *, Py_ssize_t, PyObject *))    /* 3.2  tuple.html */       \
    X(Py_ssize_t, PyTuple_Size, (PyObject *))                        /* 3.2  tuple.html */       \
    X(PyObject *, PySequence_Tuple, (PyObject *))                    /* 3.2  sequence.html */    \
    X(PyObject *, PyDict_New, (void))                                /* 3.2  dict.html */        \
    X(Py_ssize_t, PyDict_Size, (PyObject *))                         /* 3.2  dict.html */        \
    X(int, PyDict_SetItem, (PyObject *, PyObject *, PyObject *))     /* 3.2  dict.html */        \
    X(long long, PyLong_AsLongLongAndOverflow, (PyObject *, int *))  /* 3.2  long.html */        \
    X(unsigned long long, PyLong_AsUnsignedLongLong, (PyObject *))   /* 3.2  long.html */        \
    X(PyObject *, PyLong_FromLongLong, (long long))                  /* 3.2  long.html */        \
    X(PyObject *, PyLong_FromUnsignedLongLong, (unsigned long long)) /* 3.2  long.html */        \
    X(double, PyFloat_AsDouble, (PyObject *))                        /* 3.2  float.html */       \
    X(PyObject *, PyFloat_FromDouble, (double))                      /* 3.2  float.html */       \
    X(PyObject *, PyList_New, (Py_ssize_t))                          /* 3.2  list.html */        \
    X(int, PyList_SetItem, (PyObject *, Py_ssize_t, PyObject *))     /* 3.2  list.html */        \
    X(char *, PyBytes_AsString, (PyObject *))                        /* 3.2  bytes.html */       \
    X(Py_ssize_t, PyBytes_Size, (PyObject *))                        /* 3.2  bytes.html */       \
    X(PyObject *, PyBytes_FromString, (const char *))                /* 3.2  bytes.html */       \
    X(PyObject *, PyBytes_FromStringAndSize, (const char *, Py_ssize_t)) /* likewise */          \
    X(const char *, PyUnicode_AsUTF8AndSize, (PyObject *, Py_ssize_t *)) /* 3.10 unicode.html */ \
    X(PyObject *, PyUnicode_FromString, (const char *))                  /* 3.2  unicode.html */ \
    X(PyObject *, PyUnicode_FromStringAndSize, (const char *, Py_ssize_t)) /* likewise */        \
    X(int, PyObject_GetBuffer, (PyObject *, Py_buffer *, int)) /* 3.11 buffer.html, and          \
                                        exported by earlier versions too */                      \
    X(void, PyBuffer_Release, (Py_buffer *))                   /* 3.11 buffer.html, likewise */  \
    X(PyObject *, PyMemoryView_FromObject, (PyObject *))       /* 3.2  memoryview.html */        \
    X(PyObject *, PyType_FromSpec, (PyType_Spec *))            /* 3.2  type.html */              \
    X(PyObject *, PyType_GenericAlloc, (void *, Py_ssize_t))   /* 3.2  type.html */              \
    X(void, PyObject_GC_UnTrack, (void *))                     /* 3.2  gcsupport.html */         \
    X(void *, PyMem_Malloc, (size_t))                          /* 3.2  memory.html */            \
    X(void *, PyMem_Calloc, (size_t, size_t))                  /* 3.7  memory.html */            \
    X(void, PyMem_Free, (void *))                              /* 3.2  memory.html */            \
    X(PyThreadState *, PyEval_SaveThread, (void))              /* 3.2  init.html */              \
    X(void, PyEval_RestoreThread, (PyThreadState *))           /* 3.2  init.html */              \
    X(PyGILState_STATE, PyGILState_Ensure, (void))             /* 3.2  init.html */              \
    X(void, PyGILState_Release, (PyGILState_STATE))            /* 3.2  init.html */              \
    X(PyThreadState *, PyGILState_GetThisThreadState, (void))  /* 3.2  init.html */              \
    X(PyThreadState *, PyThreadState_GetUnchecked, (void)) /* 3.13 init.html, though not in the  \
        stable ABI, and exported by earlier versions under another name: may be NULL */

/* A struct of pointers to them, because this library is not linked against Python. */
#define PYTHON_FUNCTION_FIELD(result, name, arguments) result(*name) arguments;
typedef struct {
    PYTHON_FUNCTIONS(PYTHON_FUNCTION_FIELD)
} python_functions;

#endif
