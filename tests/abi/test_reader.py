"""The reader of headers: every shape that a C declaration may have, and what it refuses."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Tool

from pyexample.headers.c_as_cxx import without_bodies
from pyexample.headers.c_model import (
    Array,
    Basic,
    Enum,
    FunctionType,
    Named,
    Parameter,
    Pointer,
    Record,
    Tagged,
    Type,
    Typedef,
    Unit,
    behind,
    resolve,
    spell,
)
from pyexample.headers.c_parser import read
from pyexample.headers.header import scan

PRELUDE = """
typedef unsigned long size_t;
typedef int callback(int, const char *);
typedef struct point { int x, y; } point;
struct opaque;
typedef struct opaque *handle;
enum color { RED, GREEN };
typedef int row[4];
"""

# A declaration, and what it declares as the reader spells it.
DECLARATIONS = """
int (plain)(int);                                   | int plain(int)
extern int (named) (int a, char (b));               | int named(int a, char b)
int ((twice))(void);                                | int twice(void)
int old();                                          | int old()
int first(void), second(int), *third(void), fourth; | int first(void); int second(int); int *third(void); int fourth
int (*returns(int n))(const void *, size_t);        | int (*returns(int n))(const void *, size_t)
int (*(*deeper(void))(int))[3];                     | int (*(*deeper(void))(int))[3]
void (*handler(int sig, void (*f)(int)))(int);      | void (*handler(int sig, void (*f)(int)))(int)
int (*table[2][3])(double);                         | int (*table[2][3])(double)
int (*(*pointer_to_table)[3])(void);                | int (*(*pointer_to_table)[3])(void)
char *const names[] = { "a", "b" };                 | char *const names[]
int matrix[2][3];                                   | int matrix[2][3]
int sized[sizeof(int) * (2 + 1)];                   | int sized[sizeof ( int ) * ( 2 + 1 )]
int shifted[1 << 3];                                | int shifted[1 << 3]
void takes(callback f, callback *g);                | void takes(callback f, callback *g)
callback declared_by_its_typedef;                   | int declared_by_its_typedef(int, const char *)
void array(int a[], int b[static 3], int c[const 2][4]); | void array(int a[], int b[3], int c[const 2][4])
void nested(int (*)(int (*)(void)), int (*)[4]);    | void nested(int (*)(int (*)(void)), int (*)[4])
void abstract(int (int), int (*), int *[3], size_t (size_t)); | void abstract(int (int), int *, int *[3], size_t (size_t))
void shadow(size_t size_t, struct opaque *opaque, point *point); | void shadow(size_t size_t, struct opaque *opaque, point *point)
int variadic(const char *format, ...);              | int variadic(const char *format, ...)
const char *const *volatile qualified;              | const char *const *volatile qualified
char const *behind_the_type;                        | const char *behind_the_type
unsigned counter; long unsigned int l; long long ll; signed s; short int sh; signed char sc; | unsigned int counter; unsigned long l; long long ll; int s; short sh; signed char sc
long double ld; double long dl; double _Complex z; _Complex float zf; | long double ld; long double dl; double _Complex z; float _Complex zf
__int128 huge; unsigned __int128 uhuge; __signed__ char si; | __int128 huge; unsigned __int128 uhuge; signed char si
_Bool truth; long unsigned long int odd;            | _Bool truth; unsigned long long odd
_Atomic int atomic; _Atomic(int *) atomic_pointer;  | _Atomic int atomic; int *_Atomic atomic_pointer
void fast(char *restrict a, char *__restrict b, char *__restrict__ c); | void fast(char *restrict a, char *restrict b, char *restrict c)
point make(struct point by_value, const point *p);  | point make(struct point by_value, const point *p)
enum color mix(enum color a, enum color *out);      | enum color mix(enum color a, enum color *out)
struct opaque *find(struct unseen *it);             | struct opaque *find(struct unseen *it)
void typed_row(row r, const row c);                 | void typed_row(row r, const row c)
__extension__ extern long long extended;            | long long extended
extern __thread int per_thread;                     | int per_thread
_Noreturn void leave(int status);                   | void leave(int status)
extern int attributed(int x __attribute__((unused))) __attribute__((nothrow, nonnull(1))); | int attributed(int x)
__attribute__((visibility("default"))) int front(void); | int front(void)
int *__attribute__((aligned(8))) middle(void);      | int *middle(void)
int renamed(void) __asm__("" "real_name") __attribute__((pure)); | int renamed(void)
[[deprecated("a, b")]] int bracketed(void);         | int bracketed(void)
_Alignas(16) int aligned_variable;                  | int aligned_variable
inline static int static_one(int x) { return (x) ? x : ({ 1; }); } | int static_one(int x)
extern inline __attribute__((gnu_inline)) int inline_one(void) { struct { int a; } s = { 0 }; return s.a; } | int inline_one(void)
typedef int number, *number_pointer, numbers[2];    | int number; int *number_pointer; int numbers[2]
typedef struct { int a; } untagged, *untagged_pointer; | untagged untagged; untagged *untagged_pointer
typedef union { int i; float f; } either;           | either either
typedef enum { LEFT = -1, RIGHT } side;             | side side
typedef struct tagged { struct tagged *next; } tagged; | struct tagged tagged
typedef void (*done)(struct later *, void *data);   | void (*done)(struct later *, void *data)
typedef point (*make_point)(int);                   | point (*make_point)(int)
typedef struct opaque opaque_t;                     | struct opaque opaque_t
struct point origin, *places[2];                    | struct point origin; struct point *places[2]
struct defined { int a; } made, *made_pointer;      | struct defined made; struct defined *made_pointer
struct __attribute__((packed)) { char c; int i; } unnamed_variable; | struct {...} unnamed_variable
static const int constant = (1 + 2) * 3;            | const int constant
int initialised = 1, also = (2, 3), last[2] = { 1, 2 }; | int initialised; int also; int last[2]
void callback_with_names(void (*f)(int code, const char *text), void *data); | void callback_with_names(void (*f)(int code, const char *text), void *data)
void returns_nothing(void (void), void (*)(void));  | void returns_nothing(void (void), void (*)(void))
int (*const fixed)(void);                           | int (*const fixed)(void)
__builtin_va_list list; void with_list(__builtin_va_list); | __builtin_va_list list; void with_list(__builtin_va_list)
typedef int converted(void) __attribute__((const)); | int converted(void)
void chars(wchar_t_ w, unsigned char u, char c);    | void chars(wchar_t_ w, unsigned char u, char c)
struct wide_enum { enum flags { A_FLAG = 1 << 0, B_FLAG = sizeof(int), C_FLAG } f; } wide; | struct wide_enum wide
"""
ROWS = [row.split("|") for row in DECLARATIONS.replace("||", "").strip().splitlines()]


def declared(unit: Unit) -> dict[str, Type]:
    """The type of everything that has a name of its own."""
    kinds = (unit.functions, unit.variables, unit.typedefs)
    return {each.name: each.type for kind in kinds for each in kind.values()}


def spelled(text: str, before: str = PRELUDE + "typedef int wchar_t_;") -> list[str]:
    unit = read(f"{before}\n{text}")
    assert [each.reason for each in unit.refusals] == []
    known = declared(read(before))
    return [spell(ctype, name) for name, ctype in declared(unit).items() if name not in known]


@pytest.mark.parametrize(("text", "expected"), ROWS, ids=[row[0].strip() for row in ROWS])
def test_a_declaration_is_read(text: str, expected: str) -> None:
    assert sorted(spelled(text)) == sorted(each.strip() for each in expected.split(";"))


def test_a_compiler_reads_them_in_the_same_way(tool: Tool, tmp_path: Path) -> None:
    """Each is compared with the type that clang has for it."""
    lines = [
        PRELUDE,
        "typedef int wchar_t_; struct unseen; struct later;",
        *(text for text, _ in ROWS),
    ]
    unit = read("\n".join(lines))
    count = 0
    for name, ctype in declared(unit).items():
        text = spell(ctype)
        if "{...}" not in text and "..." not in text.replace(", ...)", ""):
            subject = f"{name} *" if name in unit.typedefs else f"__typeof__({name}) *"
            lines.append(
                f'_Static_assert(__builtin_types_compatible_p({subject}, {spell(Pointer(ctype))}), "{name}");'
            )
            count += 1
    assert count > 90
    source = tmp_path / "source.c"
    source.write_text("\n".join(lines))
    command = [tool("clang"), "-x", "c", "-std=gnu2x", "-fsyntax-only", "-w", str(source)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Any type

_UNIT = read(PRELUDE)
_CONST = st.frozensets(st.sampled_from(["const", "volatile", "_Atomic"]), max_size=2)
_LENGTHS = st.sampled_from(["1", "3", "sizeof ( int )", "( 1 + 2 ) * 2"])
_WORDS = ["a", "size_t", "point", "opaque", "color", "handle", "_b1", "callback"]


def _leaves() -> st.SearchStrategy[Type]:
    basic = ["int", "unsigned int", "char", "signed char", "unsigned char", "short", "long"]
    basic += ["unsigned short", "unsigned long", "long long", "unsigned long long", "_Bool"]
    basic += ["float", "double", "long double", "double _Complex", "__int128"]
    named = [_UNIT.typedefs[name] for name in ("size_t", "point", "handle")]
    return st.one_of(
        st.builds(Basic, st.sampled_from(basic), _CONST),
        st.builds(Named, st.sampled_from(named), _CONST),
        st.builds(Tagged, st.sampled_from([*_UNIT.tags.values()]), _CONST),
    )


def _functions(types: st.SearchStrategy[Type]) -> st.SearchStrategy[FunctionType]:
    results = st.one_of(_leaves(), st.builds(Pointer, types, _CONST))
    passed = st.one_of(types, st.just(Named(_UNIT.typedefs["callback"])))
    names = st.one_of(st.just(""), st.sampled_from(_WORDS))
    one = st.builds(Parameter, passed, names)
    fixed = st.builds(FunctionType, results, st.lists(one, max_size=3).map(tuple))
    several = st.lists(one, min_size=1, max_size=3).map(tuple)
    return fixed | st.builds(FunctionType, results, several, st.just(True))


def _grown(types: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    targets = st.one_of(types, _functions(types), st.just(Basic("void")))
    return st.builds(Pointer, targets, _CONST) | st.builds(Array, types, _LENGTHS)


OBJECTS = st.recursive(_leaves(), _grown, max_leaves=8)


@given(OBJECTS | _functions(OBJECTS), st.booleans())
def test_any_type_is_read_as_it_is_written(ctype: Type, is_typedef: bool) -> None:
    text = f"{'typedef ' if is_typedef else ''}{spell(ctype, 'it')};"
    unit = read(PRELUDE + text)
    assert unit.refusals == []
    found = unit.typedefs["it"].type if is_typedef else declared(unit)["it"]
    assert spell(found) == spell(ctype)
    assert _shape(found) == _shape(ctype)


def _shape(ctype: Type) -> object:
    """The type, with names for what it refers to, which is another reading's."""
    if isinstance(ctype, FunctionType):
        parameters = [(_shape(each.type), each.name) for each in ctype.parameters]
        return _shape(ctype.result), parameters, ctype.variadic
    if isinstance(ctype, Array):
        return _shape(ctype.item), ctype.length, ctype.qualifiers
    if isinstance(ctype, Pointer):
        return _shape(ctype.target), ctype.qualifiers
    if isinstance(ctype, Tagged):
        return f"{ctype.declared.keyword} {ctype.declared.tag}", ctype.qualifiers
    name = ctype.name if isinstance(ctype, Basic) else ctype.typedef.name
    return type(ctype), name, ctype.qualifiers


@given(st.text(alphabet="int*()[]{};,=.:a1 \n#\"'/&<", max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    read(f"{PRELUDE}\n{text}")


# Records


def fields_of(text: str) -> list[str]:
    unit = read(PRELUDE + text)
    assert unit.refusals == []
    record = unit.tags["it"]
    assert isinstance(record, Record)
    assert record.fields is not None
    return [
        spell(each.type, each.name) + (f" : {each.bits}" if each.bits else "")
        for each in record.fields
    ]


def test_bit_fields_have_their_width_and_gaps_are_fields() -> None:
    text = "struct it { unsigned a : 3, b : (1 + 2), : 5; int : 0; enum color c : 2; unsigned d:1 __attribute__((packed)); };"
    assert fields_of(text) == [
        "unsigned int a : 3",
        "unsigned int b : ( 1 + 2 )",
        "unsigned int : 5",
        "int : 0",
        "enum color c : 2",
        "unsigned int d : 1",
    ]


def test_anonymous_members_are_fields_without_a_name() -> None:
    text = """struct it {
        int kind;
        union { int i; struct { float f, g; }; };
        struct { int z; } named[2];
        struct inner { int only_declared; };
        enum { NOTHING };
        void *(*alloc)(struct it *, size_t);
        char tail[];
    };"""
    assert fields_of(text) == [
        "int kind",
        "union {...}",
        "struct {...} named[2]",
        "void *(*alloc)(struct it *, size_t)",
        "char tail[]",
    ]
    unit = read(PRELUDE + text)
    it, inner = unit.tags["it"], unit.tags["inner"]
    assert isinstance(it, Record)
    assert isinstance(inner, Record)
    assert inner.outer is it  # C++ calls it it::inner
    assert [each.constants[0].name for each in unit.enums if each.constants][1:] == ["NOTHING"]


IT = "struct it { char c; };"


@pytest.mark.parametrize(
    ("text", "attributes", "pack"),
    [
        ("struct it { char c; } __attribute__((__packed__));", ("packed",), ""),
        ("struct __attribute__((packed, aligned(4))) it { char c; };", ("packed", "aligned(4)"), ""),
        ("struct it { char c; } __attribute__((aligned(2 * 4)));", ("aligned(2 * 4)",), ""),
        ("struct __declspec(align(16)) it { char c; };", ("align(16)",), ""),
        ("struct alignas(8) it { char c; };", ("aligned(8)",), ""),
        ("struct [[gnu::__packed__]] it { char c; };", ("packed",), ""),
        (f"#pragma pack(push, 1)\n{IT}\n#pragma pack(pop)", (), "1"),
        (f"#pragma pack(2)\n{IT}", (), "2"),
        (f"#pragma pack(1)\n#pragma pack()\n{IT}", (), ""),
        (f"#pragma pack(push, 1)\n#pragma pack(push, 4)\n#pragma pack(pop)\n{IT}", (), "1"),
        (f"#pragma pack(push, mine, 1)\n#pragma pack(push)\n#pragma pack(pop, mine)\n{IT}", (), ""),
        (f"#pragma pack(push)\n#pragma pack(1)\n{IT}", (), "1"),
        (f"#pragma pack(push)\n#pragma pack(1)\n#pragma pack(pop)\n{IT}", (), ""),
    ],
)  # fmt: skip
def test_what_changes_a_layout_is_kept(
    text: str, attributes: tuple[str, ...], pack: str
) -> None:
    record = read(text).tags["it"]
    assert isinstance(record, Record)
    assert (record.attributes, record.pack) == (attributes, pack)


def test_attributes_belong_to_what_they_stand_at() -> None:
    unit = read(
        "typedef struct { char c; } left __attribute__((aligned(8)));"
        "struct s { _Alignas(8) char a; int b __attribute__((__packed__)), c; };"
        "typedef int v4 __attribute__((vector_size(16)));"
        'int f(void) __attribute__((__deprecated__("no; (never)"))) __asm__("_f");'
        "void __stdcall g(void); void (__cdecl *h)(void);"
    )
    assert unit.refusals == []
    assert unit.typedefs["left"].attributes == ("aligned(8)",)
    assert unit.records[0].attributes == ()
    fields = unit.records[1].fields or []
    assert [each.attributes for each in fields] == [("aligned(8)",), ("packed",), ()]
    assert unit.typedefs["v4"].attributes == ("vector_size(16)",)
    assert unit.functions["f"].attributes == ('deprecated("no; (never)")', 'asm("_f")')
    assert unit.functions["g"].attributes == ("stdcall",)
    assert unit.variables["h"].attributes == ("cdecl",)


# Enums


def test_an_enum_has_its_constants_as_they_are_written() -> None:
    unit = read(
        "enum e { A, B = 1 << 3, C = (B | A), D __attribute__((deprecated)) = 'x', E = -1, };\n"
        "enum small : unsigned char { F };\n"
        "enum later : int;\n"
        "typedef enum __attribute__((packed)) { G } g;\n"
    )
    assert unit.refusals == []
    e, small, later, g = unit.enums
    assert [(each.name, each.value) for each in e.constants or []] == [
        ("A", ""), ("B", "1 << 3"), ("C", "( B | A )"), ("D", "'x'"), ("E", "- 1"),
    ]  # fmt: skip
    assert small.underlying == Basic("unsigned char")
    assert (later.constants, later.underlying) == (None, Basic("int"))
    assert (g.alias, g.attributes) == ("g", ("packed",))


def test_an_enum_that_cannot_be_read_is_declared_all_the_same() -> None:
    unit = read("enum e { A, 3 }; enum e f(void);")
    assert [(each.name, each.reason) for each in unit.refusals] == [("e", "'3' is no name")]
    assert [each.constants for each in unit.enums] == [None]
    assert "f" in unit.functions


# Names, places, comments, macros

TEXT = """# 1 "claims.cpp"
int own(void);
# 1 "dir/h.h" 1
/* The license.
 */

/** Opens it.
 *
 *  @param name  which one
 */
int open_it(const char *name);
int behind(int); // trailing
int one_more(void);
// One,
// two.
int lines(
    int x);
/* far away */


int far(void);
#define SIZE 12
/* The answer. */
#define ANSWER (SIZE + 30)
#define GONE 1
#undef GONE
#define CALL(x) x
#define EMPTY
struct s
{
  /* not kept */ int a;
  int b;
};
enum e {
  FIRST,
  SECOND,
};
# 40 "/usr/include/sys.h" 1 3 4
extern int system_one;
# 30 "dir/h.h" 2
extern int last_one;
# 9 "claims.cpp" 2
struct also_own { int x; };
"""


def test_everything_has_a_file_a_line_and_the_comment_before_it() -> None:
    unit = read(TEXT, "claims.cpp")
    assert unit.refusals == []
    functions = unit.functions
    assert {name: (each.file, each.line, each.comment) for name, each in functions.items()} == {
        "open_it": ("dir/h.h", 8, "Opens it.\n\n @param name  which one"),
        "behind": ("dir/h.h", 9, "trailing"),
        "one_more": ("dir/h.h", 10, ""),
        "lines": ("dir/h.h", 13, "One,\ntwo."),
        "far": ("dir/h.h", 18, ""),
    }
    assert {
        name: (each.body, each.line, each.comment) for name, each in unit.macros.items()
    } == {
        "SIZE": ("12", 19, ""),
        "ANSWER": ("(SIZE + 30)", 21, "The answer."),
        "EMPTY": ("", 25, ""),
    }
    (s,), (e,) = unit.records, unit.enums
    assert (s.line, [each.line for each in s.fields or []]) == (26, [28, 29])
    assert (e.line, [each.line for each in e.constants or []]) == (31, [32, 33])
    assert {each.name: (each.file, each.line) for each in unit.variables.values()} == {
        "system_one": ("/usr/include/sys.h", 40),
        "last_one": ("dir/h.h", 30),
    }
    assert unit.system == {"/usr/include/sys.h"}
    assert "open_it" in unit.names["dir/h.h"]
    assert "claims.cpp" not in unit.names


COMMENTS = """\
/* A section. */

int a(void); /* about a */
int b(void); ///< about b,
             ///< in two lines
int c(void);
/**< behind c */
// above d
int d(void) /* at its end */;
int e(void);  // behind e
// above f
int f(void);
static int g(void) { /* within */ return 1; /* it */ } /* behind g */
int h(void);
enum en { /* of the enum */
   A, /* about A */
   B, // about B
      // and more
   /* above C */
   C /* about C */
};
struct s {
   int x; /**< about x,
               and more */
   struct { int in; /* about in */ } y; //!< about y
   int z,  // about z
       w;
   /* above v */ int v;
   int u;
}; /* behind s */
"""


def test_comments_stand_before_and_behind() -> None:
    unit = read(COMMENTS)
    assert unit.refusals == []
    assert {name: each.comment for name, each in unit.functions.items()} == {
        "a": "about a",
        "b": "about b,\nin two lines",
        "c": "behind c",
        "d": "above d\n\nat its end",
        "e": "behind e",
        "f": "above f",
        "g": "",
        "h": "",
    }
    (en,) = unit.enums
    assert en.comment == "of the enum"
    assert [each.comment for each in en.constants or ()] == [
        *("about A", "about B\nand more", "above C\n\nabout C"),
    ]
    s = unit.records[0]
    assert s.comment == "behind s"
    assert {each.name: each.comment for each in s.fields or ()} == {
        "x": "about x,\nand more",
        "y": "about y",
        "z": "about z",
        "w": "",
        "v": "above v",
        "u": "",
    }
    assert [each.comment for each in unit.records[1].fields or ()] == ["about in"]


def test_of_several_declarations_the_one_that_says_most_is_kept() -> None:
    unit = read(
        "int f();\nint f(int, char);\n/* What it does. */\nint f(int count, char c);\nint f(int, char);\n"
        "static int g(void);\nint g(void) { return 1; }\nint h(void) { return 1; }\n"
        "inline int k(void) { return 1; }\nint k(void);\n"
    )
    assert unit.refusals == []
    f, g, h, k = unit.functions.values()
    assert (spell(f.type, f.name), f.comment) == ("int f(int count, char c)", "What it does.")
    assert [(each.is_static, each.has_body) for each in (f, g, h, k)] == [
        (False, False), (True, False), (False, True), (False, False),
    ]  # fmt: skip


def test_a_record_is_one_however_often_it_is_declared() -> None:
    unit = read("struct s; typedef struct s s_t; struct s { s_t *next; }; struct s; s_t it;")
    (record,) = unit.records
    assert resolve(unit.variables["it"].type) == Tagged(record)
    assert behind(unit.typedefs["s_t"].type) == Tagged(record)
    assert [each.name for each in record.fields or []] == ["next"]


def test_a_name_that_is_given_to_what_has_none_is_kept() -> None:
    unit = read(
        "typedef struct { int x; } a, *b; typedef struct { int y; } *c; typedef enum { Z } d;"
    )
    assert [each.alias for each in unit.records] == ["a", ""]
    assert [each.alias for each in unit.enums] == ["d"]
    assert isinstance(unit.enums[0], Enum)


# What is refused


@pytest.mark.parametrize(
    ("text", "name", "reason", "is_cxx"),
    [
        ("int f(unknown x);", "f", "unknown is no type that is known", False),
        ("int old(a, b) int a; char *b; { return a; }", "old", "old-style", False),
        ("int old(a) struct s *a; { if (a) { } return 0; }", "old", "old-style", False),
        ("__typeof__(1 + 1) odd(void);", "odd", "__typeof__ is not computed here", False),
        ("int f(int) UNKNOWN_MACRO;", "f", "expected", False),
        ("UNKNOWN_MACRO int f(int);", "f", "known", False),
        (f"int {'(' * 2000}f{')' * 2000};", "f", "nested too deeply", False),
        ("struct s { int x; ) };", "s", "no type", False),
        ("int double both;", "both", "no type", False),
        ("void unsigned x;", "x", "no type", False),
        ("f(int);", "f", "known", False),
        ("int 3;", "", "no name", False),
        ("void (^block)(int);", "block", "'^'", True),
        ("int &f(int &x);", "f", "'&'", True),
        ("template <class T> T f(T);", "f", "C++", True),
        ("namespace n { int f(int); struct s { int x; }; }", "n", "C++", True),
        ("class c { public: int f(int); };", "c", "C++", True),
        ("using x = int;", "x", "C++", True),
        ("std::string f(void);", "f", "C++", True),
        ("inline int operator|(int a, int b) { return a; }", "", "C++", True),
        ("struct derived : base { int x; };", "derived", "C++", True),
        ("enum class strong { A };", "strong", "", True),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_reported_and_stops_nothing_else(
    text: str, name: str, reason: str, is_cxx: bool
) -> None:
    language = "#define __cplusplus 201703L" if is_cxx else "#define __STDC__ 1"
    unit = read(f'\n{language}\n# 1 "h.h"\nint before(int);\n{text}\nint after(int);\n')
    assert list(unit.functions) == ["before", "after"]
    assert not unit.variables
    assert not unit.typedefs
    (refusal,) = unit.refusals
    assert (refusal.file, refusal.line, refusal.is_cxx) == ("h.h", 2, is_cxx)
    assert name in refusal.name
    assert reason in refusal.reason
    assert refusal.text


@pytest.mark.parametrize(
    ("text", "is_cxx"),
    [
        ("struct s { int a; void method(int); } x;", True),
        ("struct s { static int a; } x;", True),
        ("struct s { int a; unknown b; } x;", False),
        ("typedef struct s { int a; int &b; } t; t x;", True),
    ],
)
def test_a_record_that_cannot_be_read_is_declared_all_the_same(text: str, is_cxx: bool) -> None:
    unit = read(f"{text} void takes(struct s *);")
    (refusal,) = unit.refusals
    assert (refusal.name, refusal.is_cxx) == ("s", is_cxx)
    record = unit.tags["s"]
    assert isinstance(record, Record)
    assert record.fields is None
    assert behind(resolve(unit.variables["x"].type)) == Tagged(record)
    assert "takes" in unit.functions


def test_what_says_nothing_is_no_refusal() -> None:
    unit = read(
        '; _Static_assert(sizeof(int) == 4, "it is; 4"); static_assert(1); asm("nop");'
        'extern "C" { int a(void); } extern "C" int b(void); extern "C++" { int c(void); }'
        "struct s; enum e; int d(void) noexcept(true); int e(int x = (1, 2)) throw();"
        "void f(int, wchar_t w, bool b) noexcept;"
    )
    assert unit.refusals == []
    assert list(unit.functions) == ["a", "b", "c", "d", "e", "f"]


def test_words_of_cxx_are_names_in_c() -> None:
    text = "struct class { int private, this; }; struct class *new(int operator, int template);"
    unit = read(f"\n#define __STDC__ 1\n{text}")
    assert unit.refusals == []
    assert spell(unit.functions["new"].type, "new") == (
        "struct class *new(int operator, int template)"
    )
    assert len(read(f"\n#define __cplusplus 201703L\n{text}").refusals) > 0
    # As the checker includes what is C, but no C++.
    unit = read(
        "\n#define __cplusplus 201703L\n#undef __cplusplus\n"
        f'# 1 "h.h"\n{text}\n# 9 "claims.cpp"\n#define __cplusplus 201703L\n'
    )
    assert unit.refusals == []


def test_characters_and_names_of_any_kind() -> None:
    unit = read("enum e { A = L'\\'', B = u8'x' + '\"' }; int größe(void); int $dollar;")
    assert unit.refusals == []
    assert [each.value for each in unit.enums[0].constants or []] == ["L'\\''", "u8'x' + '\"'"]
    assert list(unit.functions) == ["größe"]
    assert list(unit.variables) == ["$dollar"]


def test_as_in_cxx_a_tag_is_a_type() -> None:
    unit = read("struct s { int x; }; s *make(s by_value); typedef s again;")
    assert unit.refusals == []
    assert spell(unit.functions["make"].type, "make") == "struct s *make(struct s by_value)"


def test_names_of_types_are_those_of_one_reading() -> None:
    one, other = read(PRELUDE), read(PRELUDE)
    assert isinstance(one.typedefs["size_t"], Typedef)
    assert one.typedefs["size_t"].type == other.typedefs["size_t"].type
    assert one.typedefs["point"].type != other.typedefs["point"].type


# Without the bodies of functions


def test_bodies_are_left_out_and_nothing_else() -> None:
    text = """# 1 "h.h"
struct __attribute__((packed)) s { char c; int i; };
static inline int *f(void *p) { /* } and ' and " */ if (p) { return p; } return 0; }
/* two
   lines { */
int table[] = { 1, 2 };
extern "C" { struct __attribute__((aligned(8))) t { int (*f)(void); }; int g(void) { return 1; } }
# 9 "claims.cpp"
int own(void) { return 1; }
"""
    lines = [each.strip() for each in without_bodies(text, "claims.cpp")]
    assert lines == [
        '# 1 "h.h"',
        "struct __attribute__((packed)) s { char c; int i; };",
        "static inline int *f(void *p) ;",
        "",
        "",
        "int table[1] = {};",
        'extern "C" { struct __attribute__((aligned(8))) t { int (*f)(void); }; int g(void) ; }',
        '# 9 "claims.cpp"',
        "int own(void) { return 1; }",
    ]


# As the checker asks


def test_records_are_found_by_what_c_and_cxx_call_them() -> None:
    text = """
# 1 "h.h"
struct foo { int x; }; typedef struct foo foo_t;
typedef struct { struct inner { int z; } in; struct { int deep; } un; } Outer, *outer_ptr;
typedef Outer again;
struct bar; struct Bar { union { int i; struct { float f; }; }; char tail[0]; };
static int hidden(void); inline int body(void) { return 1; } int seen(void);
# 1 "/usr/include/sys.h" 1 3
#define SYSTEM_ONE 1
int system_one(void);
"""
    header = scan(text, "claims.cpp", ["h.h"])
    assert list(header.functions) == ["seen", "system_one"]
    assert "seen" in header.constants
    assert not {"SYSTEM_ONE", "system_one"} & header.constants
    assert header.record_like("foo") == "struct foo"
    assert header.record_like("Foo") == "struct foo"  # the one that foo_t is, too
    assert header.record_like("inner") == "struct Outer::inner"
    assert header.record_like("again") == "again"
    assert header.record_like("BAR") is None  # one of two
    assert list(header.members("Outer::un")) == ["deep"]
    assert list(header.members("struct Outer::inner")) == ["z"]
    assert list(header.members("again")) == ["in", "un"]
    assert header.members("nothing") == {}
    members = header.members("struct Bar")
    assert {name: (each.is_alternative, each.is_flexible) for name, each in members.items()} == {
        "i": (True, False), "f": (True, False), "tail": (False, True),
    }  # fmt: skip
