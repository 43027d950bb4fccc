"""Natural declarations over natural C: what published bindings write is not refused.

Each case is a header and a module, and what is found in it that is more than coverage: the
severity, kind and subject of each finding.
"""

from pathlib import Path

import pytest
from bindings import COMPILERS, Bind
from support import Tool, first_quickly

from pyexample.abi.judge import VERDICTS
from pyexample.abi.words import HAPPENS, WORDS

PRELUDE = "from ctypes import *\nlib = CDLL('libtable.so')\n"

CASES: dict[str, tuple[str, str, set[str]]] = {
    "a function whose name in the library is another one": (
        'int f(int) __asm__("f_v2"); int g(int a); int g(int) __asm("" "g_v2") __attribute__(());'
        ' int h(int) __asm__("h"); int i(int) __asm__("i_v2"); int i_v2(void);',
        """
for name in ("f", "g_v2", "h", "i"):
    getattr(lib, name).argtypes = [c_int]
lib.i_v2.argtypes = []
""",
        {"error not in the header f", "error not in the header i"},
    ),
    "a function of the wrong type, by its name in the library": (
        'int f(int) __asm__("f_v2");',
        "lib.f_v2.argtypes = [c_double]",
        {"error kind f_v2"},
    ),
    "names that are not ASCII": (
        "int gr\u00f6\u00dfe(int); int \\u00e4hnlich(int); int \u00b5s(int);\n"
        "#define gr 1\n#define \u00e4 2\n",
        """
lib.gr\u00f6\u00dfe.argtypes = lib.\u00e4hnlich.argtypes = [c_int]
getattr(lib, "\u00b5s").argtypes = [c_double]
""",
        {"error kind \u00b5s"},
    ),
    "members of an anonymous union, in a struct that is only a member": (
        "typedef struct { union { int i; struct { double d; } n; }; int Case; int from_; } in_t;"
        " struct out { in_t in1; int z; };",
        """
class N(Structure):
    _fields_ = [("d", c_double)]
class U(Union):
    _fields_ = [("i", c_int), ("n", N)]
class Odd(Structure):
    _anonymous_ = ("u",)
    _fields_ = [("u", U), ("case", c_int), ("from", c_int)]
class out(Structure):
    _fields_ = [("in1", Odd), ("z", c_int)]
""",
        set(),
    ),
    "a member of another platform": (
        "struct inner { int q; };\nstruct out { int z;\n#ifdef _M_NOWHERE\nstruct inner h;\n"
        "#endif\n};",
        """
class Q(Structure):
    _fields_ = [("q", c_int)]
class out(Structure):
    _fields_ = [("z", c_int), ("h", Q)]
""",
        {"error layout out"},
    ),
    "one class for two structs of the same layout": (
        "struct a { int x, y; }; struct b { int p, q; }; struct c { struct { int u, v; } in; };"
        " void f(struct a *, struct a *); void g(struct b *);",
        """
class Pair(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]
class c(Structure):
    _fields_ = [("in_", Pair)]
lib.f.argtypes, lib.f.restype = [POINTER(Pair), POINTER(Pair)], None
lib.g.argtypes, lib.g.restype = [POINTER(Pair)], None
""",
        {"note renamed Pair.x", "note renamed Pair.y"},
    ),
    "a struct that only a callback has": (
        "typedef struct { int code; void *data; } event;"
        " typedef struct { int (*on)(const event *, int); } hooks; void f(hooks *);",
        """
class Event(Structure):
    _fields_ = [("code", c_int), ("data", c_void_p)]
class Hooks(Structure):
    _fields_ = [("on", CFUNCTYPE(c_int, POINTER(Event), c_int))]
lib.f.argtypes, lib.f.restype = [POINTER(Hooks)], None
""",
        set(),
    ),
    "ctypesgen's String": (
        "char *f(const char *); void g(char **);",
        """
class String(Union):
    _fields_ = [("raw", POINTER(c_char)), ("data", c_char_p)]
    @classmethod
    def from_param(cls, value):
        return value
lib.f.argtypes, lib.f.restype = [String], String
lib.g.argtypes, lib.g.restype = [POINTER(String)], None
""",
        set(),
    ),
    "two floats for a complex number": (
        "#include <complex.h>\ndouble complex f(double complex);",
        """
class Complex(Structure):
    _fields_ = [("real", c_double), ("imag", c_double)]
lib.f.argtypes, lib.f.restype = [Complex], Complex
""",
        set(),
    ),
    "atomic members": (
        "struct s { _Atomic int a; _Atomic(long long) b; }; int f(_Atomic(int) *);",
        """
class s(Structure):
    _fields_ = [("a", c_int), ("b", c_longlong)]
lib.f.argtypes, lib.f.restype = [POINTER(c_int)], c_int
""",
        set(),
    ),
    "names of <stdatomic.h>": (
        "#include <stdatomic.h>\n#include <stdint.h>\nstruct s { atomic_int a; _Atomic(long long) b;"
        " _Atomic unsigned char c; atomic_bool d; _Atomic int *p; atomic_uintptr_t u; };"
        " typedef _Atomic(struct s *) head; atomic_flag *f(struct s *, atomic_int *, _Atomic(int));"
        " int g(head *, _Atomic(void (*)(int)));"
        " static inline int h(struct s *p) { return atomic_load(&p->a); }",
        """
class s(Structure):
    _fields_ = [("a", c_int), ("b", c_longlong), ("c", c_ubyte), ("d", c_bool),
                ("p", POINTER(c_int)), ("u", c_size_t)]
lib.f.argtypes, lib.f.restype = [POINTER(s), POINTER(c_int), c_int], c_void_p
lib.g.argtypes, lib.g.restype = [POINTER(POINTER(s)), CFUNCTYPE(None, c_int)], c_long
""",
        {"error width g"},
    ),
    "functions without a prototype": (
        "int f(); int g(int (*)(), long); long h(void (*)(int (*)())); struct s { void (*done)(); int x; };"
        " typedef int (*hook)(); void i(struct s *, hook *); int j(); int k(void);",
        """
class s(Structure):
    _fields_ = [("done", CFUNCTYPE(None, c_int, c_void_p)), ("x", c_int)]
Hook = CFUNCTYPE(c_int, c_int)
lib.f.argtypes, lib.f.restype = [c_int, c_char_p], c_int
lib.g.argtypes, lib.g.restype = [CFUNCTYPE(c_int, c_int, c_int), c_long], c_int
lib.h.argtypes, lib.h.restype = [CFUNCTYPE(None, CFUNCTYPE(c_int, c_double))], c_long
lib.i.argtypes, lib.i.restype = [POINTER(s), POINTER(Hook)], None
lib.j.argtypes, lib.j.restype = [c_int], c_long
lib.k.argtypes, lib.k.restype = [c_int], c_int
""",
        {"error width j", "error count k"},
    ),
    "functions of the system beside the library's": (
        "#include <stdio.h>\n#include <sys/inotify.h>\nint f(int);",
        """
libc = CDLL("libc.so.6")
libc.fopen.argtypes, libc.fopen.restype = [c_char_p, c_char_p], c_void_p
libc.free.argtypes, libc.free.restype = [c_void_p], None
lib.f.argtypes = [c_int]
lib.g.argtypes = [c_int]
""",
        {"error not in the header g"},
    ),
    "lengths that only C has": (
        "void f(int n, double a[n]); int g(int a[static 3], char s[restrict static 2]);"
        " void h(int n, int m, int a[n][m]); int i(int a[const 3], int n, int b[*]);",
        """
lib.f.argtypes, lib.f.restype = [c_int, POINTER(c_double)], None
lib.g.argtypes, lib.g.restype = [POINTER(c_short), c_char_p], c_int
lib.h.argtypes, lib.h.restype = [c_int, c_int, POINTER(c_int)], None
lib.i.argtypes, lib.i.restype = [POINTER(c_int), c_int, POINTER(c_int)], c_int
""",
        {"error target width g"},
    ),
    "values and bodies that only C has": (
        "struct p { int x, y; }; static const struct p origin = { .y = 1, .x = 2 };"
        ' static const char *const names[] = {"a", "b"}; static const char three[3] = {"abc"};'
        " static inline int *list(void) { return (int[]){1, 2}; }"
        " static inline int jump(int a) { goto out; int b = 1; out: return a; }"
        " enum { LAST = 3 }; int f(const struct p *, int);",
        """
LAST = 4
class p(Structure):
    _fields_ = [("x", c_int), ("y", c_int)]
lib.f.argtypes, lib.f.restype = [POINTER(p), c_int], c_int
""",
        {"error constant LAST"},
    ),
    "a bool of its own": (
        "typedef enum { false, true } bool; bool f(bool, bool *);",
        """
true = 1
lib.f.argtypes, lib.f.restype = [c_int, POINTER(c_bool)], c_int
""",
        {"error target width f"},
    ),
    "operators of C++": (
        "int and(int or); struct s { int not; int xor; }; int f(struct s *compl);",
        """
class s(Structure):
    _fields_ = [("not", c_int), ("xor", c_long)]
lib["and"].argtypes = [c_int]
lib.f.argtypes, lib.f.restype = [POINTER(s)], c_int
""",
        {"error layout s", "error width s.xor", "error offset s.xor"},
    ),
    "floats for a complex number": (
        "#include <complex.h>\nvoid f(double complex *, const float complex v[2]);"
        " void g(double complex *);",
        """
lib.f.argtypes, lib.f.restype = [POINTER(c_double), POINTER(c_float)], None
lib.g.argtypes, lib.g.restype = [POINTER(c_float)], None
""",
        {"error target width g"},
    ),
    "prototypes, flags of parameters, errcheck": (
        "int f(long a, int *b); int g(long a, int *b); void *h(void);",
        """
prototype = CFUNCTYPE(c_int, c_int, POINTER(c_int))
f = prototype(("f", lib), ((1, "a"), (2, "b")))
g = CFUNCTYPE(c_int, c_long, POINTER(c_int))(("g", lib), ((1, "a", 5), (2, "b")))
g.errcheck = lambda result, function, arguments: arguments
lib.h.argtypes, lib.h.restype = [], c_void_p
lib.h.errcheck = lambda *arguments: None
""",
        {"error width f"},
    ),
    "fields that are inherited, and wrong": (
        "struct s { int a; double b; }; struct t { int a; double b; };"
        " void f(struct s *, struct t *);",
        """
class Base(Structure):
    _fields_ = [("a", c_int)]
class s(Base):
    _fields_ = [("b", c_float)]
class t(Base):
    pass
lib.f.argtypes, lib.f.restype = [POINTER(s), POINTER(t)], None
""",
        {"error layout s", "error width s.b", "error offset s.b", "error layout t"},
    ),
    "the other byte order": (
        "struct s { unsigned short port; unsigned address; }; void f(struct s *);"
        " unsigned g(unsigned);",
        """
class s(BigEndianStructure):
    _fields_ = [("port", c_ushort), ("address", c_uint)]
lib.f.argtypes, lib.f.restype = [POINTER(s)], None
lib.g.argtypes, lib.g.restype = [c_uint], c_uint.__ctype_be__
""",
        {"note byte order s.port", "note byte order s.address", "error kind g"},
    ),
    "an enum within a struct, used outside": (
        "int before(int); struct alone { struct part { int a; union deep { int d; } e; } p; };"
        " int h(struct part *, union deep *);\nstruct outer {\n  struct inner { int a; } i;\n  enum color {\n    RED,\n"
        "    GREEN = 5\n  } c;\n  union { int k; } u;\n};\nint f(struct inner *p, enum color c);"
        " struct more { enum kind { A, B = 7 } k; int z; }; enum kind g(struct more *);",
        """
GREEN, B = 4, 7
class inner(Structure):
    _fields_ = [("a", c_int)]
class more(Structure):
    _fields_ = [("k", c_int), ("z", c_int)]
lib.before.argtypes = [c_long]
lib.f.argtypes, lib.f.restype = [POINTER(inner), c_int], c_int
lib.g.argtypes, lib.g.restype = [POINTER(more)], c_int
class deep(Union):
    _fields_ = [("d", c_long)]
class part(Structure):
    _fields_ = [("a", c_int), ("e", deep)]
lib.h.argtypes, lib.h.restype = [POINTER(part), POINTER(deep)], c_int
""",
        {
            "error layout deep",
            "error width deep.d",
            "error layout part",
            "error offset part.e",
            "error constant GREEN",
            "error width before",
        },
    ),
    "a struct that only the compiler can read": (
        "static int base; struct s { int a; __typeof__(base) b; double c; }; void f(struct s *);",
        """
class s(Structure):
    _fields_ = [("a", c_int), ("b", c_float), ("c", c_double)]
lib.f.argtypes, lib.f.restype = [POINTER(s)], None
""",
        {"error kind s.b"},
    ),
    "fields that are inherited": (
        "struct s { int a; double b; };",
        """
class Base(Structure):
    _fields_ = [("a", c_int)]
class s(Base):
    _fields_ = [("b", c_double)]
""",
        set(),
    ),
    "objects and classes that answer everything": (
        "int f(int);",
        """
class Answers:
    def __getattr__(self, name): return Answers()
    def __call__(self, *arguments): return Answers()
class Meta(type):
    def __getattr__(cls, name): return cls
class AnswersToo(metaclass=Meta): pass
class Pretends:
    @property
    def __class__(self): return int
one, other = Answers(), Pretends()
lib.f.argtypes = [AnswersToo]
""",
        set(),
    ),
    "macros that are no constants": (
        'int f(int);\n#define A {\n#define B )\n#define C "x\n#define D\n#define E 3;\n'
        "#define F f(\n#define G (1 +)\n#define H __attribute__((x))\n#define I ({ 3; })\n"
        '#define J 1, 2\n#define K A\n#define L \'\n#define M }\n#define N extern "C" {\n'
        "#define O 7\n",
        "A = B = C = D = E = F = G = H = I = J = K = L = M = N = 1\nO = 8\n"
        "lib.f.argtypes = [c_int]\n",
        {"error constant O"},
    ),
    "the default of restype, and c_int that is set": (
        "void *f(void); void *g(void);",
        "lib.f.argtypes = lib.g.argtypes = []\nlib.f.restype = c_int\n",
        {"error width f", "error width g"},
    ),
    "a variable, and a pointer to a function": (
        "extern int v; extern int (*hook)(int); int f(void);",
        "lib.v.argtypes = []\nlib.hook.argtypes = [c_int]\nlib.f.argtypes = []\nlib.v\n",
        {"error kind v", "error kind hook"},
    ),
    "misspelled attributes": (
        "int f(int); struct s { int a; };",
        """
lib.f.argtype = [c_int]
lib.f.restypes = c_int
lib.f.note = "this is no mistake"
class s(Structure):
    _field_ = [("a", c_int)]
    _fields = "this is one, too"
""",
        {"error misspelled f", "error misspelled s", "note no argtypes f"},
    ),
    "two classes for one C struct": (
        "typedef struct pair { int a, b; } pair; struct opaque; union word { int w; };"
        " pair *f(pair *); pair *g(struct pair *); void h(struct opaque *, union word);",
        """
class pair(Structure):
    _fields_ = [("a", c_int), ("b", c_int)]
class Two(Structure):
    _fields_ = pair._fields_
class Derived(pair):
    pass
class word(Union):
    _fields_ = [("w", c_int)]
class opaque(Structure):
    pass
def again():
    class opaque(Structure):
        pass
    return opaque
opaque_too = again()
lib.f.argtypes, lib.f.restype = [POINTER(pair)], POINTER(Derived)
lib.g.argtypes, lib.g.restype = [POINTER(Two)], POINTER(pair)
lib.h.argtypes, lib.h.restype = [POINTER(opaque), word], None
""",
        {"note twice Two", "note twice opaque"},
    ),
    "an opaque struct of one dummy field, after a header that is partly C++": (
        "#include <math.h>\ntypedef struct view_s view; void f(view *);",
        """
class view(Structure):
    _fields_ = [("dummy", c_int)]
lib.f.argtypes, lib.f.restype = [POINTER(view)], None
""",
        set(),
    ),
    "a class that a pointer awaits": (
        "struct node { struct node *next; struct later *later; }; struct later { int a; };",
        """
from typing import Annotated, Any
from pyexample.ffi import POINTER, struct
@struct
class node(Structure):
    next: Annotated[Any, POINTER("node")]
    later: Annotated[Any, POINTER("later")]
class later(Structure):
    _fields_ = [("a", c_int)]
""",
        set(),
    ),
    "a struct of no name in C, where functions use it": (
        "void f(void *);",
        """
class Mine(Structure):
    _fields_ = [("a", c_int)]
class Unused(Structure):
    _fields_ = [("a", c_int)]
lib.f.argtypes, lib.f.restype = [POINTER(Mine)], None
""",
        {"error unmatched Mine"},
    ),
    "a function that is a macro for another one": (
        "int newer(long); int f(void);\n#define older newer\n",
        "lib.older.argtypes, lib.older.restype = [c_long], c_int\nlib.f.argtypes = []\n",
        {"error not in the header older"},
    ),
    "a struct of one pointer, and the pointer": (
        "struct it; typedef struct it it_t; typedef struct { void *p; } ref;"
        " typedef union { int *i; char *c; } any; typedef struct { unsigned id; } id;"
        " struct name { const char *text; };"
        " int f(it_t *, it_t **); it_t *g(void); ref h(ref); any i(any); id j(id);"
        " void k(int (*done)(it_t *)); void l(struct name *); unsigned m(unsigned);",
        """
class It(Structure):
    _fields_ = [("handle", c_void_p)]
class Id(Structure):
    _fields_ = [("id", c_uint)]
class name(Structure):
    _fields_ = [("text", c_char_p)]
lib.f.argtypes, lib.f.restype = [It, POINTER(It)], c_int
lib.g.argtypes, lib.g.restype = [], It
lib.h.argtypes, lib.h.restype = [c_void_p], c_void_p
lib.i.argtypes, lib.i.restype = [POINTER(c_int)], POINTER(c_int)
lib.j.argtypes, lib.j.restype = [c_uint], c_uint
lib.k.argtypes, lib.k.restype = [CFUNCTYPE(c_int, It)], None
lib.l.argtypes, lib.l.restype = [POINTER(name)], None
lib.m.argtypes, lib.m.restype = [Id], Id
""",
        {f"note wrapped {each}" for each in "fghijkm"},
    ),
    "fields of one type for an array": (
        "struct stamp { long s; long ns; }; struct body { double at[3]; struct stamp times[2]; };"
        " void f(double *); void g(const double v[3]); void h(struct body *);"
        " int i(const char *, const struct stamp t[2]);",
        """
class Vector(Structure):
    _fields_ = [("x", c_double), ("y", c_double), ("z", c_double)]
class Stamp(Structure):
    _fields_ = [("s", c_long), ("ns", c_long)]
class Times(Structure):
    _fields_ = [("first", Stamp), ("last", Stamp)]
class body(Structure):
    _fields_ = [("at", Vector), ("times", Times)]
lib.f.argtypes, lib.f.restype = [POINTER(Vector)], None
lib.g.argtypes, lib.g.restype = [POINTER(Vector)], None
lib.h.argtypes, lib.h.restype = [POINTER(body)], None
lib.i.argtypes, lib.i.restype = [c_char_p, POINTER(Times)], c_int
""",
        set(),
    ),
    "fields of other names in the same places": (
        "struct s { int id; long first; long last; short z; union { int a; unsigned b; }; };"
        " union u { int i; double d; };",
        """
class s(Structure):
    _fields_ = [("id", c_int), ("begin", c_long), ("end", c_long), ("z", c_short), ("ab", c_int)]
class u(Union):
    _fields_ = [("number", c_int), ("d", c_double), ("bytes", c_char * 8)]
""",
        {
            "note renamed s.begin",
            "note renamed s.end",
            "note renamed s.ab",
            "note count s",
            "note alternative u.number",
            "note alternative u.bytes",
        },
    ),
    "a struct whose fields are the library's affair": (
        "typedef struct secret secret_t; int f(secret_t *);",
        """
class Secret(Structure):
    _fields_ = [("a", c_int), ("b", c_void_p)]
lib.f.argtypes, lib.f.restype = [POINTER(Secret)], c_int
""",
        set(),
    ),
    "C's names that are keywords of C++": (
        "struct class { int private; int template; unsigned this : 3; };"
        " enum { delete = 5, throw = 7 }; enum using { operator = 3 };"
        " typedef int typename; typedef struct { typename namespace; } friend;"
        " int new(int class, struct class *mutable); void catch(friend *);"
        " int *virtual(int (*try)(typename)); int call(enum using public);"
        " struct outer { struct class protected; struct { int explicit; } export; };\n",
        """
delete = 5
throw = 7
operator = 4
class struct_class(Structure):
    _fields_ = [("private", c_int), ("template_", c_int), ("this", c_uint, 3)]
class friend(Structure):
    _fields_ = [("namespace", c_int)]
class Inner(Structure):
    _fields_ = [("explicit", c_int)]
class outer(Structure):
    _fields_ = [("protected", struct_class), ("export", Inner)]
lib.new.argtypes, lib.new.restype = [c_int, POINTER(struct_class)], c_int
lib.catch.argtypes, lib.catch.restype = [POINTER(friend)], None
lib.virtual.argtypes, lib.virtual.restype = [CFUNCTYPE(c_int, c_int)], POINTER(c_long)
lib.call.argtypes, lib.call.restype = [c_int], c_int
""",
        {"error constant operator", "error target width virtual"},
    ),
    "C that is no C++, in every way": (
        """
#include <stdlib.h>
#include <stdbool.h>
struct item { int class; int new; char *template; _Bool this; };
enum { delete = 1, private = 5 };
static inline int *make(size_t n) { int *p = malloc(n * sizeof *p); return p; }
static inline void shift(int *p) { if (p) { *p <<= 1; } }
void copy(char *restrict to, const char *restrict from, size_t n);
int register_class(struct item *class, int namespace);
_Noreturn void stop(int code);
struct anonymous { int kind; union { int i; struct { short a, b; }; }; };
typedef int (*visit)(struct item *this, void *user);
int walk(struct item *const items[], int n, visit operator);
struct same_name { int x; };
int same_name(struct same_name *out);
#define small char
#define in
#define out
#define type 7
#define max(a, b) ((a) > (b) ? (a) : (b))
_Static_assert(sizeof(int) >= 2, "int");
void *(*get_handler(int which))(void *);
struct { int unnamed; } variable;
""",
        """
class item(Structure):
    _fields_ = [("class_", c_int), ("new", c_float), ("template", c_char_p), ("this", c_bool)]
class ab(Structure):
    _fields_ = [("a", c_short), ("b", c_short)]
class iab(Union):
    _anonymous_ = ("ab",)
    _fields_ = [("i", c_int), ("ab", ab)]
class anonymous(Structure):
    _anonymous_ = ("u",)
    _fields_ = [("kind", c_int), ("u", iab)]
class same_name(Structure):
    _fields_ = [("x", c_int)]
delete = 1
private = 6
lib.copy.argtypes = [c_char_p, c_char_p, c_size_t]
lib.copy.restype = None
lib.register_class.argtypes = [POINTER(item), c_int]
lib.stop.argtypes = [c_int]
lib.stop.restype = None
lib.walk.argtypes = [POINTER(POINTER(item)), c_int, CFUNCTYPE(c_int, POINTER(item), c_void_p)]
lib.same_name.argtypes = [POINTER(same_name)]
lib.get_handler.argtypes = [c_int]
lib.get_handler.restype = CFUNCTYPE(c_void_p, c_void_p)
""",
        {"error kind item.new", "error constant private"},
    ),
    "C++": (
        'template <class T> T twice(T t);\nextern "C" int f(long);\n',
        "lib.f.argtypes = [c_float]",
        {"error kind f"},
    ),
    "a class of handles for two structs of C": (
        "struct a; struct b; struct a *f(void); void g(struct a *); int h(struct b *);",
        """
class Own(c_void_p):
    pass
lib.f.argtypes, lib.f.restype = [], Own
lib.g.argtypes, lib.g.restype = [Own], None
lib.h.argtypes, lib.h.restype = [Own], c_int
""",
        {"note handle h"},
    ),
    "a Handle for two structs of C": (
        "struct a; struct b; struct a *f(void); void g(struct a *); int h(struct b **);"
        " void i(struct b *);",
        """
from typing import Annotated
from pyexample.ffi import Closes, Handle, Library, Owned, Returned
ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class A(Handle): pass
class B(Handle): pass
@ffi.function
def f() -> Annotated[A, c_void_p, Owned]: ...
@ffi.function
def g(it: Annotated[A, c_void_p, Closes], /) -> None: ...
@ffi.function
def h() -> Annotated[tuple[int, A], c_int, Returned(A, c_void_p, Owned)]: ...
@ffi.function
def i(it: Annotated[B, c_void_p, Closes], /) -> None: ...
""",
        {"error handle h"},
    ),
    "a Handle for two names of untyped pointers, and untyped ones": (
        "typedef void *a_t; typedef a_t a_again; typedef void *b_t; void *f(void); int g(a_t);"
        " int h(a_again *); void i(b_t); void j(void *); int k(a_t);",
        """
from typing import Annotated
from pyexample.ffi import Closes, Handle, Library, Owned, Returned
ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class A(Handle): pass
@ffi.function
def f() -> Annotated[A, c_void_p, Owned]: ...
@ffi.function
def g(it: Annotated[A, c_void_p], /) -> Annotated[int, c_int]: ...
@ffi.function
def h() -> Annotated[tuple[int, A], c_int, Returned(A, c_void_p, Owned)]: ...
@ffi.function
def i(it: Annotated[A, c_void_p], /) -> None: ...
@ffi.function
def j(it: Annotated[A, c_void_p, Closes], /) -> None: ...
@ffi.function
def k(it: Annotated[A, POINTER(c_void_p), Closes(implicit=False)], /) -> Annotated[int, c_int]: ...
""",
        {"error handle i", "error level k"},
    ),
    "several Handles for one struct of C": (
        "struct a; struct b; struct c; struct a *f(void); void g(struct a *); void h(struct a *);"
        " void i(struct b *); void j(struct b *); void k(struct b *); void l(struct c *);",
        """
from typing import Annotated
from pyexample.ffi import Closes, Handle, Library, Owned
ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class A(Handle): pass
class Other(Handle): pass
class Base(Handle): pass
class One(Base): pass
class Two(Base): pass
@ffi.function
def f() -> Annotated[A, c_void_p, Owned]: ...
@ffi.function
def g(it: Annotated[A, c_void_p, Closes], /) -> None: ...
@ffi.function
def h(it: Annotated[Other, c_void_p, Closes], /) -> None: ...
@ffi.function
def i(it: Annotated[One, c_void_p, Closes], /) -> None: ...
@ffi.function
def j(it: Annotated[Two, c_void_p, Closes], /) -> None: ...
@ffi.function
def k(it: Annotated[Base, c_void_p], /) -> None: ...
@ffi.function
def l(it: Annotated[Other, c_void_p], /) -> None: ...
""",
        {"note classes h", "error handle l"},
    ),
    "a struct whose every handle is a pointer to a pointer": (
        "struct table; typedef const struct table *env; int f(env *); int g(env *);"
        " int h(env); struct it; int i(const struct it *); const struct it *j(void);"
        " void k(const struct it *); const struct it *l(void);",
        """
from typing import Annotated
from pyexample.ffi import Closes, Handle, Library, Owned
ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class Env(Handle): pass
class It(Handle): pass
@ffi.function
def f(it: Annotated[Env, c_void_p], /) -> Annotated[int, c_int]: ...
@ffi.function
def g(it: Annotated[Env, c_void_p], /) -> Annotated[int, c_int]: ...
@ffi.function
def i(it: Annotated[It, c_void_p], /) -> Annotated[int, c_int]: ...
@ffi.function
def j() -> Annotated[It, c_void_p, Owned]: ...
@ffi.function
def k(it: Annotated[It, c_void_p, Closes], /) -> None: ...
""",
        set(),
    ),
    "global variables": (
        "extern int own_a; extern const double b; extern const char *const c; struct p { int x; };"
        " extern struct p d; extern const int e[3]; extern int f; extern const int g; int h(void);"
        " extern int (*i)(int); extern long long j; void k(void);",
        """
from collections.abc import Callable
from typing import Annotated, Any, Optional
from pyexample.ffi import Callback, Library
ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class p(Structure):
    _fields_ = [("x", c_int)]
@Callback
def on_int(n: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
@ffi.variable(writable=True, symbol="own_a")
def a() -> Annotated[int, c_int]: ...
@ffi.variable
def b() -> Annotated[float, c_double]: ...
@ffi.variable
def c() -> Annotated[str, c_char_p]: ...
@ffi.variable(writable=True)
def d() -> Annotated[p, p]: ...
@ffi.variable
def e() -> Annotated[Any, c_int * 3]: ...
@ffi.variable
def f() -> Annotated[int, c_short]: ...
@ffi.variable(writable=True)
def g() -> Annotated[int, c_int]: ...
@ffi.variable
def h() -> Annotated[int, c_int]: ...
@ffi.variable(writable=True)
def i() -> Annotated[Optional[Callable[[int], int]], on_int]: ...
@ffi.variable
def j() -> Annotated[float, c_double]: ...
@ffi.variable
def gone() -> Annotated[int, c_int]: ...
@ffi.function
def k() -> None: ...
""",
        {
            "error width f",
            "error written g",
            "error kind h",
            "error kind j",
            "error not in the header gone",
        },
    ),
    "variadic functions, whose fixed arguments are told": (
        "int f(const char *, ...); int g(int, int, ...); int h(int, int); int k(int, ...);",
        """
from typing import Annotated
from pyexample.ffi import Library
ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
@ffi.function(fixed=1)
def f(a: Annotated[str, c_char_p], b: Annotated[float, c_double], /) -> Annotated[int, c_int]: ...
@ffi.function(fixed=1, symbol="f")
def f_int(a: Annotated[str, c_char_p], b: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
@ffi.function(fixed=1)
def g(a: Annotated[int, c_int], b: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
@ffi.function(fixed=1)
def h(a: Annotated[int, c_int], b: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
@ffi.function(fixed=2)
def k(a: Annotated[int, c_int], b: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
""",
        {"error count g", "error count h", "error variadic k"},
    ),
    "names of C, and functions that some versions lack": (
        "int own_f(int); int h(long); void own_k(void);",
        """
from typing import Annotated
from pyexample.ffi import Library
ffi = Library("table", __name__, system={"linux": ("libtable.so", "libtable.so.1")},
              prefix="own_")
@ffi.function
def f(a: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
@ffi.function(symbol="h")
def g(a: Annotated[int, c_int], /) -> Annotated[int, c_int]: ...
@ffi.function(symbol="own_k")
def f_again() -> Annotated[int, c_int]: ...
@ffi.function(optional=True)
def newer() -> None: ...
@ffi.function
def gone() -> None: ...
""",
        {
            "error width h",
            "note garbage own_k",
            "error not in the header own_gone",
        },
    ),
}


@pytest.mark.parametrize("what", first_quickly(CASES))
@pytest.mark.parametrize("compiler", COMPILERS)
def test_what_is_natural_is_not_refused(
    binding: Bind, tool: Tool, compiler: str, what: str
) -> None:
    header, module, expected = CASES[what]
    report = binding(header, PRELUDE + module).report(compiler=tool(compiler))
    found = [each for each in report["findings"] if each["grade"] != "coverage"]
    assert {
        f"{each['severity']} {each['kind']} {each['subject']}" for each in found
    } == expected
    # No name of ours is in what is said.
    assert "ct_" not in str([{**each, "file": ""} for each in report["findings"]])
    assert report["faults"] == []


def test_who_checks_says_that_c_has_no_such_struct(binding: Bind) -> None:
    header, module, _ = CASES["a struct of no name in C, where functions use it"]
    it = binding(header, PRELUDE + module)
    assert it.check().returncode == 1
    assert it.check("--struct", "Mine=").returncode == 0


def test_what_is_left_at_its_default_is_said(binding: Bind) -> None:
    header, module, _ = CASES["the default of restype, and c_int that is set"]
    report = binding(header, PRELUDE + module).report()
    told = {each["subject"]: each["what"] for each in report["findings"]}
    assert "left at its default" not in told["f"]
    assert "left at its default" in told["g"]


def test_what_c_leaves_open_is_noted(binding: Bind) -> None:
    header, module, _ = CASES["functions without a prototype"]
    findings = binding(header, PRELUDE + module).report()["findings"]
    told = {each["subject"] for each in findings if "C does not say" in each["what"]}
    assert told == {"f", "g", "h", "i", "j", "s.done"}


def test_everything_is_said_once(binding: Bind) -> None:
    header = "#define X 5\nstruct s { int a; long long b; };"
    it = binding(f"{header}void f(struct s *); void g(struct s *);", "")
    (it.folder / "binding.py").unlink()
    (it.folder / "binding").mkdir()
    for name, text in {
        "__init__": "from .one import *\nfrom .other import *\nfrom .inner import *\n",
        "inner": "from .one import *\n",
        "other": "from .one import *\n",
        "one": f"{PRELUDE}X = 6\nclass s(Structure):\n"
        "    _fields_ = [('a', c_int), ('b', c_int)]\n"
        "for each in (lib.f, lib.g):\n    each.argtypes, each.restype = [POINTER(s)], None\n",
    }.items():
        (it.folder / "binding" / f"{name}.py").write_text(text)
    findings = it.report()["findings"]
    said = sorted((each["subject"], each["kind"]) for each in findings)
    assert said == [("X", "constant"), ("s", "layout"), ("s.b", "offset"), ("s.b", "width")]
    (constant,) = [each for each in findings if each["subject"] == "X"]
    assert (Path(constant["file"]).name, constant["line"]) == ("one.py", 3)


def test_what_words_say_is_said_once(binding: Bind) -> None:
    header = "#include <stddef.h>\nstruct a; void f(struct a *); char *g(const size_t *);"
    module = """
from ctypes import *
from typing import Annotated
from pyexample.ffi import Closes, Handle, In, Length, Library
ffi = Library("table", __name__, system=dict.fromkeys(["linux", "darwin"], "libtable.so"))
class A(Handle): pass
@ffi.function
def f(it: Annotated[A, POINTER(c_void_p), Closes], /) -> None: ...
@ffi.function
def g() -> Annotated[bytes, In(c_char), Length(c_size_t, "return")]: ...
"""
    findings = binding(header, module).report()["findings"]
    said = sorted((each["subject"], each["kind"]) for each in findings)
    assert said == [("f", "level"), ("g", "only read")]


def test_every_verdict_has_words() -> None:
    without = {"agrees"}
    assert {*VERDICTS} - {*WORDS} == without
    roles = ("argument", "result", "field")
    for verdict in {*VERDICTS} - without:
        assert verdict in HAPPENS or all((role, verdict) in HAPPENS for role in roles), verdict
