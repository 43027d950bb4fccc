/*
 * The rules for which C types a ctypes type may stand for, applied by a C++17 compiler.
 *
 * A claim is one line below this text: static_assert(ct_function<decltype(f), R, A...> == 0)
 * and the like. R and A are the types that Python declares, written in C++: int, double, ...
 * are themselves, and types that only ctypes has are ct_ templates. The value is ct_agrees,
 * or the verdict on the difference. Only headers that define types are included here, since
 * <type_traits> alone takes longer to compile than all claims.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <wchar.h>

enum ct_verdict {
    ct_agrees,
    /* The same bits, another meaning. */
    ct_signedness, /* signed and unsigned */
    ct_truth,      /* bool and an integer of one byte */
    ct_address,    /* a pointer and an integer that is as wide */
    ct_bytes,      /* an array of bytes and something else of that size */
    ct_flexible,   /* an array of some length and one of none */
    ct_handle,     /* a pointer to an opaque struct, and a pointer to a pointer */
    ct_wrapped,    /* a struct of one pointer or integer, and that pointer or integer itself */
    ct_dropped,    /* a result that Python ignores */
    ct_garbage,    /* a result that C does not return */
    ct_ignored,    /* a callback's result that C does not read */
    ct_extra,      /* declared arguments after the fixed ones of a variadic function */
    /* From here on the binary interface differs. */
    ct_width,        /* integers, or floats, of different sizes */
    ct_kind,         /* different ones of an integer, a float, a pointer, a struct */
    ct_level,        /* a pointer to a pointer, and a pointer to something else */
    ct_target_width, /* pointers to integers, or floats, of different sizes */
    ct_target,       /* pointers to different kinds of things */
    ct_other,        /* two different structs */
    ct_unknown,      /* a Structure whose C struct is not known */
    ct_length,       /* arrays of different lengths */
    ct_count,        /* different numbers of arguments */
    ct_swapped,      /* a pointer and an integer that changed places */
    ct_unset,        /* a callback that returns nothing, and C reads a result */
    ct_promoted,     /* a float after the fixed arguments: C reads a double there */
    ct_empty,        /* a struct without fields in Python, so that nothing of it is passed */
    ct_misplaced,    /* a struct that ctypes passes in other registers than C */
    ct_written,      /* C may write to an In, which is read only */
    ct_only_read     /* C only reads an Out, which it should write */
};

/* ctypes' types. POINTER(T), c_char_p and c_void_p are ct_pointer<T>, <ct_char>, <void>. */
struct ct_char { char c; };
struct ct_object;  /* py_object */
struct ct_opaque;  /* a Structure without fields */
template <class T> struct ct_hidden; /* one without fields that stands for the struct T */
template <class T> struct ct_backward; /* a number by value, in the other byte order */
template <class T> struct ct_torn;   /* one that ctypes passes in other registers than C */
template <class... T> struct ct_alternatives; /* a Union of pointers, of any of these types */
template <class T, class P> struct ct_wrapper; /* the Structure T, whose only field is a P */
template <class T, class P, size_t n> struct ct_row; /* the Structure T, whose n fields are Ps */
struct ct_any;     /* a class whose from_param decides at run time */
template <class T> struct ct_pointer { T *p; };
template <class T> struct ct_in;  /* POINTER(T) through which C only reads */
template <class T> struct ct_out; /* POINTER(T) through which C writes */
template <class T, size_t n> struct ct_array;
template <class T> struct ct_same; /* the Structure that stands for the struct T */
template <int n> struct ct_struct; /* one that stands for no known struct */
template <class R, class... A> struct ct_callback { void *p; };
template <class... T> struct ct_list;

/* Undefined templates: the compiler's error message shows their arguments. */
template <auto... values> struct ct_tell_values;
template <long long verdict, class T> struct ct_tell;

template <class T> struct ct_remove_cv { using type = T; };
template <class T> struct ct_remove_cv<const T> { using type = T; };
template <class T> struct ct_remove_cv<volatile T> { using type = T; };
template <class T> struct ct_remove_cv<const volatile T> { using type = T; };
template <class T> using ct_bare = typename ct_remove_cv<T>::type;
template <class T> constexpr bool ct_is_const = false;
template <class T> constexpr bool ct_is_const<const T> = true;
template <class T, class U> constexpr bool ct_is_same = false;
template <class T> constexpr bool ct_is_same<T, T> = true;

/* The category of a type, which may be incomplete. */
enum ct_category {
    ct_is_other, ct_is_void, ct_is_bool, ct_is_character, ct_is_signed, ct_is_unsigned,
    ct_is_enum, ct_is_float, ct_is_pointer, ct_is_array, ct_is_function, ct_is_struct
};
template <class T> constexpr ct_category ct_category_of =
    __is_enum(T) ? ct_is_enum : __is_class(T) || __is_union(T) ? ct_is_struct : ct_is_other;
template <> constexpr ct_category ct_category_of<void> = ct_is_void;
template <> constexpr ct_category ct_category_of<bool> = ct_is_bool;
template <> constexpr ct_category ct_category_of<char> = ct_is_character;
template <> constexpr ct_category ct_category_of<ct_char> = ct_is_character;
template <> constexpr ct_category ct_category_of<signed char> = ct_is_signed;
template <> constexpr ct_category ct_category_of<unsigned char> = ct_is_unsigned;
template <> constexpr ct_category ct_category_of<short> = ct_is_signed;
template <> constexpr ct_category ct_category_of<unsigned short> = ct_is_unsigned;
template <> constexpr ct_category ct_category_of<int> = ct_is_signed;
template <> constexpr ct_category ct_category_of<unsigned int> = ct_is_unsigned;
template <> constexpr ct_category ct_category_of<long> = ct_is_signed;
template <> constexpr ct_category ct_category_of<unsigned long> = ct_is_unsigned;
template <> constexpr ct_category ct_category_of<long long> = ct_is_signed;
template <> constexpr ct_category ct_category_of<unsigned long long> = ct_is_unsigned;
template <> constexpr ct_category ct_category_of<wchar_t> =
    wchar_t(-1) < wchar_t(1) ? ct_is_signed : ct_is_unsigned;
template <> constexpr ct_category ct_category_of<char16_t> = ct_is_unsigned;
template <> constexpr ct_category ct_category_of<char32_t> = ct_is_unsigned;
#ifdef __SIZEOF_INT128__
template <> constexpr ct_category ct_category_of<__int128> = ct_is_signed;
template <> constexpr ct_category ct_category_of<unsigned __int128> = ct_is_unsigned;
#endif
template <> constexpr ct_category ct_category_of<float> = ct_is_float;
template <> constexpr ct_category ct_category_of<double> = ct_is_float;
template <> constexpr ct_category ct_category_of<long double> = ct_is_float;
template <class T> constexpr ct_category ct_category_of<T *> = ct_is_pointer;
template <class T> constexpr ct_category ct_category_of<T[]> = ct_is_array;
template <class T, size_t n> constexpr ct_category ct_category_of<T[n]> = ct_is_array;
/* noexcept is part of a function's type, and C libraries declare their functions so. */
template <class R, class... A, bool n>
constexpr ct_category ct_category_of<R(A...) noexcept(n)> = ct_is_function;
template <class R, class... A, bool n>
constexpr ct_category ct_category_of<R(A..., ...) noexcept(n)> = ct_is_function;

constexpr bool ct_is_integer(ct_category category) {
    return category >= ct_is_bool && category <= ct_is_enum;
}

/* The target of a pointer. */
template <class T> struct ct_target_of { using type = void; };
template <class T> struct ct_target_of<T *> { using type = T; };

template <class T, class = void> constexpr bool ct_is_complete = false;
template <class T> constexpr bool ct_is_complete<T, decltype(void(sizeof(T)))> = true;

/* They convert to any type of a category: can they initialise a struct's first member? */
struct ct_some_pointer { template <class T> operator T *() const; };
struct ct_some_integer {
    template <class T, int (*)[ct_is_integer(ct_category_of<T>) ? 1 : -1] = nullptr>
    operator T() const;
};
template <class K, class T, class = void> constexpr bool ct_begins_with = false;
template <class K, class T> constexpr bool ct_begins_with<K, T, decltype(void(T{K{}}))> = true;
template <class K, class T, class = void> constexpr bool ct_has_two = false;
template <class K, class T> constexpr bool ct_has_two<K, T, decltype(void(T{K{}, K{}}))> = true;

/*
 * Whether C's struct contains only a pointer, or an integer, of some size: then it is passed
 * and returned by value like that (System V's psABI for x86-64, 3.2.3; AAPCS64, 6.8.2;
 * Microsoft's x64 calling convention). Where a pointer has 32 bits, not all ABIs return it so.
 */
template <class K, class C> constexpr bool ct_is_wrapped(size_t size) {
    if constexpr (ct_category_of<C> == ct_is_struct && ct_is_complete<C>) {
        return sizeof(C) == size && ct_begins_with<K, C> && !ct_has_two<K, C>;
    } else {
        return false;
    }
}

/* A number. */
template <class P, class C> constexpr int ct_scalar() {
    constexpr ct_category p = ct_category_of<P>, c = ct_category_of<C>;
    if constexpr (ct_is_same<P, C>) {
        return ct_agrees;
    } else if constexpr (!(ct_is_integer(p) || p == ct_is_float)) {
        return ct_kind;
    } else if constexpr (c == ct_is_pointer) {
        return !ct_is_integer(p) ? ct_kind : sizeof(P) == sizeof(C) ? ct_address : ct_width;
    } else if constexpr (ct_is_integer(p) && c == ct_is_struct) {
        return !__is_union(C) && ct_is_wrapped<ct_some_integer, C>(sizeof(P)) ? ct_wrapped : ct_kind;
    } else if constexpr (!(ct_is_integer(c) || c == ct_is_float)) {
        return ct_kind;
    } else if constexpr ((p == ct_is_float) != (c == ct_is_float)) {
        return ct_kind;
    } else if constexpr (sizeof(P) != sizeof(C)) {
        return ct_width;
    } else if constexpr ((p == ct_is_bool) != (c == ct_is_bool)) {
        return ct_truth;
    } else {
        /* Whether char and an enum are signed is the compiler's choice, not the header's. */
        return p == c || p == ct_is_character || c == ct_is_character || c == ct_is_enum
            ? ct_agrees : ct_signedness;
    }
}

template <class P, class C> constexpr int ct_judge = ct_scalar<P, C>();

template <class P> constexpr bool ct_points = false;
template <class T> constexpr bool ct_points<ct_pointer<T>> = true;
template <class R, class... A> constexpr bool ct_points<ct_callback<R, A...>> = true;
template <class... T> constexpr bool ct_points<ct_alternatives<T...>> = true;
template <class T, class P> constexpr bool ct_points<ct_wrapper<T, P>> = ct_points<P>;
template <class P> struct ct_item_of { using type = P; };
template <class T, size_t n> struct ct_item_of<ct_array<T, n>> { using type = T; };
template <class P> struct ct_row_of { using type = P; };
template <class T, class P, size_t n> struct ct_row_of<ct_row<T, P, n>> { using type = P; };

/* A complex number is laid out as two floats (C11 6.2.5). */
template <class C> struct ct_part_of { using type = C; };
#ifdef __GNUC__
template <> struct ct_part_of<__complex__ float> { using type = float; };
template <> struct ct_part_of<__complex__ double> { using type = double; };
template <> struct ct_part_of<__complex__ long double> { using type = long double; };
#endif

template <class C> using ct_first =
    ct_bare<typename ct_target_of<decltype(&(*static_cast<C *>(nullptr))[0])>::type>;

/* The targets of two pointers. void stands for anything. */
template <class P, class C> constexpr int ct_targets() {
    constexpr ct_category c = ct_category_of<C>;
    if constexpr (c == ct_is_void || ct_category_of<P> == ct_is_void) {
        return ct_agrees;
    } else if constexpr (c == ct_is_function) {
        return ct_target;
    } else if constexpr (!ct_is_same<C, typename ct_part_of<C>::type> && ct_judge<P, C> >= ct_width) {
        return ct_targets<P, typename ct_part_of<C>::type>();
    } else if constexpr (!ct_is_same<P, typename ct_item_of<P>::type> && c != ct_is_array) {
        return ct_targets<typename ct_item_of<P>::type, C>(); /* the first of an array */
    } else if constexpr (ct_is_same<P, typename ct_item_of<P>::type> && c == ct_is_array) {
        return ct_targets<P, ct_first<C>>();
    } else {
        constexpr int verdict = ct_judge<P, C>;
        using item = typename ct_row_of<P>::type;
        if constexpr (verdict == ct_empty) {
            return ct_agrees; /* an opaque struct */
        } else if constexpr (!ct_is_same<P, item> && ct_targets<item, C>() < ct_width) {
            return ct_targets<item, C>(); /* the first of its fields, which are all alike */
        } else if constexpr (verdict < ct_width || verdict >= ct_other) {
            return verdict;
        } else if constexpr (ct_points<P> != (c == ct_is_pointer)) {
            /* POINTER(c_void_p) is often written for a handle. */
            return ct_is_same<P, ct_pointer<void>> && c == ct_is_struct && !ct_is_complete<C>
                ? ct_handle : ct_level;
        } else {
            return verdict == ct_width ? ct_target_width : verdict == ct_kind ? ct_target : verdict;
        }
    }
}

/* A pointer to P. */
template <class P, class C> constexpr int ct_pointers() {
    constexpr ct_category c = ct_category_of<C>;
    if constexpr (c == ct_is_pointer) {
        return ct_targets<P, ct_bare<typename ct_target_of<C>::type>>();
    } else if constexpr (ct_is_wrapped<ct_some_pointer, C>(sizeof(void *))) {
        /* The struct's own address does not count. */
        constexpr int verdict = ct_judge<P, C>;
        return verdict == ct_kind || verdict == ct_other || verdict == ct_empty
            ? ct_wrapped : ct_kind;
    } else if constexpr (ct_is_integer(c)) {
        return sizeof(C) == sizeof(void *) ? ct_address : ct_kind;
    } else {
        return ct_kind;
    }
}
template <class T, class C> constexpr int ct_judge<ct_pointer<T>, C> = ct_pointers<T, C>();

template <class T, bool writable, class C> constexpr int ct_buffers() {
    constexpr int verdict = ct_pointers<T, C>();
    if constexpr (verdict < ct_width && ct_category_of<C> == ct_is_pointer) {
        constexpr bool is_const = ct_is_const<typename ct_target_of<C>::type>;
        return is_const == !writable ? verdict : writable ? ct_only_read : ct_written;
    } else {
        return verdict;
    }
}
template <class T, class C> constexpr int ct_judge<ct_in<T>, C> = ct_buffers<T, false, C>();
template <class T, class C> constexpr int ct_judge<ct_out<T>, C> = ct_buffers<T, true, C>();

template <class C> constexpr int ct_judge<ct_any, C> = ct_agrees;
template <class C> constexpr int ct_objects() {
    constexpr ct_category target = ct_category_of<ct_bare<typename ct_target_of<C>::type>>;
    return ct_category_of<C> != ct_is_pointer ? ct_kind
        : target == ct_is_struct || target == ct_is_void ? ct_agrees : ct_target;
}
template <class C> constexpr int ct_judge<ct_object, C> = ct_objects<C>();

template <class C> constexpr int ct_judge<ct_opaque, C> =
    ct_category_of<C> == ct_is_struct ? ct_empty : ct_kind;
template <int n, class C> constexpr int ct_judge<ct_struct<n>, C> =
    ct_category_of<C> == ct_is_struct ? ct_unknown : ct_kind;
/* Two C structs with the same fields, for which Python has one class. */
template <class T, class U> constexpr bool ct_alike = ct_is_same<T, U>;
template <class T, class C> constexpr int ct_judge<ct_same<T>, C> =
    ct_category_of<C> != ct_is_struct ? ct_kind : ct_alike<ct_bare<T>, C> ? ct_agrees : ct_other;
template <class T, class C> constexpr int ct_judge<ct_hidden<T>, C> =
    ct_judge<ct_same<T>, C> == ct_agrees ? ct_empty : ct_judge<ct_same<T>, C>;
template <class T, class C> constexpr int ct_judge<ct_torn<T>, C> =
    ct_judge<T, C> == ct_agrees ? ct_misplaced : ct_judge<T, C>;

constexpr int ct_least(int first) { return first; }
template <class... Rest> constexpr int ct_least(int first, int second, Rest... rest) {
    return ct_least(first < second ? first : second, rest...);
}
/* T is the Union itself, for the case that C has a union, too. */
template <class T, class... P, class C> constexpr int ct_judge<ct_alternatives<T, P...>, C> =
    ct_category_of<C> == ct_is_struct ? ct_judge<T, C> : ct_least(ct_judge<P, C>...);

template <class T, class P, class C> constexpr int ct_wrappers() {
    using target = ct_bare<typename ct_target_of<C>::type>;
    if constexpr (ct_category_of<C> == ct_is_struct) {
        return ct_judge<T, C>;
    } else if constexpr (ct_is_complete<target> && ct_judge<T, target> == ct_agrees) {
        return ct_kind; /* C wants the address of the struct itself */
    } else {
        return ct_judge<P, C> == ct_agrees ? ct_wrapped : ct_judge<P, C>;
    }
}
template <class T, class P, class C> constexpr int ct_judge<ct_wrapper<T, P>, C> =
    ct_wrappers<T, P, C>();
template <class T, class P, size_t n, class C> constexpr int ct_judge<ct_row<T, P, n>, C> =
    ct_category_of<C> == ct_is_array ? ct_judge<ct_array<P, n>, C> : ct_judge<T, C>;

template <class C> struct ct_array_of { using type = void; };
template <class T, size_t n> struct ct_array_of<T[n]> {
    using type = T;
    static constexpr size_t count = n;
};
/* T[] is incomplete. T[0], an extension, has no category, and only it has size 0. */
template <class C> constexpr bool ct_lacks_length() {
    if constexpr (ct_is_complete<C>) {
        return sizeof(C) == 0;
    } else {
        return ct_category_of<C> == ct_is_array;
    }
}
template <class C> constexpr bool ct_has_no_length = ct_lacks_length<C>();

template <class T, size_t n, class C> constexpr int ct_arrays() {
    constexpr ct_category c = ct_category_of<C>;
    if constexpr (ct_has_no_length<C>) {
        constexpr int verdict = ct_judge<T, ct_first<C>>;
        return verdict >= ct_width || n == 0 ? verdict : ct_flexible;
    } else if constexpr (c == ct_is_array) {
        using array = ct_array_of<C>;
        constexpr int verdict = ct_judge<T, ct_bare<typename array::type>>;
        return verdict >= ct_width || n == array::count ? verdict : ct_length;
    } else if constexpr (ct_is_integer(ct_category_of<T>) && c != ct_is_function && c != ct_is_void
                         && ct_is_complete<C>) {
        return sizeof(T) == 1 && sizeof(C) == n ? ct_bytes : ct_kind;
    } else {
        return ct_kind;
    }
}
template <class T, size_t n, class C>
constexpr int ct_judge<ct_array<T, n>, C> = ct_arrays<T, n, C>();

/* A field: for an array without a length in C, Python may have one item or several. */
template <class P, class C> constexpr int ct_members() {
    if constexpr (ct_has_no_length<C>) {
        constexpr int verdict = ct_judge<P, ct_first<C>>;
        if constexpr (verdict < ct_width) {
            return ct_flexible;
        } else {
            return ct_judge<P, C>;
        }
    } else {
        return ct_judge<P, C>;
    }
}
template <class P, class C> constexpr int ct_member = ct_members<P, C>();

/* An argument: C gets the address of an array. */
template <class P, class C> constexpr int ct_argument = ct_judge<P, C>;
template <class T, size_t n, class C>
constexpr int ct_argument<ct_array<T, n>, C> = ct_judge<ct_pointer<T>, C>;

template <class P, class C> constexpr int ct_results() {
    constexpr ct_category p = ct_category_of<P>, c = ct_category_of<C>;
    if constexpr (p == ct_is_void) {
        /* The caller may have to pass the address of the returned struct. */
        return c == ct_is_void ? ct_agrees : c == ct_is_struct ? ct_kind : ct_dropped;
    } else if constexpr (c == ct_is_void) {
        /* Python reads the rest in the register as a number, and does not follow it. */
        return ct_is_integer(p) || p == ct_is_float || ct_is_same<P, ct_pointer<void>>
            ? ct_garbage : ct_kind;
    } else {
        return ct_judge<P, C> == ct_wrapped && sizeof(void *) < 8 ? ct_kind : ct_judge<P, C>;
    }
}
template <class P, class C> constexpr int ct_result = ct_results<P, ct_bare<C>>();

/* The result of a callback, which Python returns and C reads. */
template <class P, class C> constexpr int ct_given() {
    constexpr int verdict = ct_results<P, C>();
    return verdict == ct_dropped ? ct_unset
        : ct_category_of<C> != ct_is_void || verdict == ct_agrees ? verdict
        : ct_category_of<P> == ct_is_other && !ct_points<P> ? verdict : ct_ignored;
}

template <class P, class C> struct ct_pairs;
template <class... P, class... C> struct ct_pairs<ct_list<P...>, ct_list<C...>> {
    static constexpr int worst() {
        int worst = ct_agrees;
        ((worst = worst < ct_argument<P, C> ? ct_argument<P, C> : worst), ...);
        /* Either by itself may be just another spelling. */
        constexpr bool numbers = (... || (ct_argument<P, C> == ct_address && ct_points<P>));
        constexpr bool pointers = (... || (ct_argument<P, C> == ct_address && !ct_points<P>));
        return numbers && pointers && worst < ct_width ? ct_swapped : worst;
    }
};

template <size_t n, class List> struct ct_nth;
template <size_t n, class T, class... Rest> struct ct_nth<n, ct_list<T, Rest...>> {
    using type = typename ct_nth<n - 1, ct_list<Rest...>>::type;
};
template <class T, class... Rest> struct ct_nth<0, ct_list<T, Rest...>> { using type = T; };

/* The default, for types that are not functions, so that nothing here fails. */
template <class F> struct ct_signature {
    using result = ct_any;
    using arguments = ct_list<>;
    static constexpr size_t count = 0;
    static constexpr bool variadic = false;
};
template <class R, class... A, bool n> struct ct_signature<R(A...) noexcept(n)> {
    using result = R;
    using arguments = ct_list<A...>;
    static constexpr size_t count = sizeof...(A);
    static constexpr bool variadic = false;
};
template <class R, class... A, bool n> struct ct_signature<R(A..., ...) noexcept(n)> {
    using result = R;
    using arguments = ct_list<A...>;
    static constexpr size_t count = sizeof...(A);
    static constexpr bool variadic = true;
};
template <class F, size_t n>
using ct_parameter = ct_bare<typename ct_nth<n, typename ct_signature<F>::arguments>::type>;

/* The struct in a type, behind pointers and arrays. */
template <class T> struct ct_reach { using type = T; };
template <class T> struct ct_reach<T *> { using type = typename ct_reach<ct_bare<T>>::type; };
template <class T> struct ct_reach<T[]> { using type = typename ct_reach<ct_bare<T>>::type; };
template <class T, size_t n> struct ct_reach<T[n]> {
    using type = typename ct_reach<ct_bare<T>>::type;
};
template <class T> using ct_reached = typename ct_reach<ct_bare<T>>::type;

/* The arguments after the fixed ones of a variadic function. */
template <size_t fixed, class... A> constexpr int ct_promotions() {
    size_t number = 0;
    bool lost = false;
    ((lost = lost || (number >= fixed && ct_is_same<A, float>), ++number), ...);
    return lost ? ct_promoted : ct_extra;
}
template <class F, class... A> constexpr int ct_arguments() {
    using signature = ct_signature<F>;
    if constexpr (ct_category_of<F> != ct_is_function) {
        return ct_kind;
    } else if constexpr (sizeof...(A) == signature::count) {
        return ct_pairs<ct_list<A...>, typename signature::arguments>::worst();
    } else if constexpr (signature::variadic && sizeof...(A) > signature::count) {
        return ct_promotions<signature::count, A...>();
    } else {
        return ct_count;
    }
}
constexpr int ct_worse(int one, int other) { return one < other ? other : one; }
/* A function F that Python declares with the result R and the arguments A. */
template <class F, class R, class... A> constexpr int ct_function =
    ct_worse(ct_arguments<F, A...>(), ct_result<R, typename ct_signature<F>::result>);

/* A function without argtypes: ctypes passes a Python int as a C int. */
template <class A> constexpr bool ct_is_plain = ct_judge<int, ct_bare<A>> < ct_width;
template <class List> constexpr int ct_undeclared_arguments = ct_agrees;
template <class A, class... Rest> constexpr int ct_undeclared_arguments<ct_list<A, Rest...>> =
    (ct_is_plain<A> && ... && ct_is_plain<Rest>) ? ct_garbage : ct_kind;
template <class F> constexpr int ct_undeclared = ct_category_of<F> != ct_is_function
    ? ct_kind : ct_undeclared_arguments<typename ct_signature<F>::arguments>;

/* A function pointer; "calls" says whether Python calls it. */
template <class C, bool calls, class R, class... A> constexpr int ct_callbacks() {
    if constexpr (ct_category_of<C> != ct_is_pointer) {
        return ct_kind;
    } else {
        using F = typename ct_target_of<C>::type;
        if constexpr (ct_category_of<F> == ct_is_function) {
            return ct_worse(
                ct_arguments<F, A...>(),
                calls ? ct_result<R, typename ct_signature<F>::result>
                      : ct_given<R, ct_bare<typename ct_signature<F>::result>>()
            );
        } else {
            return ct_category_of<ct_bare<F>> == ct_is_void ? ct_agrees : ct_target;
        }
    }
}
template <class R, class... A, class C>
constexpr int ct_judge<ct_callback<R, A...>, C> = ct_callbacks<C, false, R, A...>();
template <class R, class... A, class C>
constexpr int ct_result<ct_callback<R, A...>, C> = ct_callbacks<ct_bare<C>, true, R, A...>();

/*
 * A constant, and the 64 bits of Python's integer for it. These claims come before the header's
 * macros are undefined, so macros may rewrite any word that does not begin with ct_.
 */
template <class T> constexpr bool ct_is_text =
    ct_category_of<T> == ct_is_pointer
    && ct_is_integer(ct_category_of<ct_bare<typename ct_target_of<T>::type>>);
template <class T> constexpr int ct_constant(T c, unsigned long long python) {
    if constexpr (ct_is_integer(ct_category_of<T>)) {
        constexpr int unused = 64 - 8 * int(sizeof(T));
        const unsigned long long bits = (unsigned long long)c;
        if (bits == python)
            return ct_agrees;
        /* The same bits, if T, signed or unsigned, has Python's number. */
        const long long sign = unused > 0 ? (long long)python >> (63 - unused) : 0;
        const bool fits = unused > 0 && (python >> (64 - unused) == 0 || sign == -1);
        return fits && bits << unused == python << unused ? ct_signedness : ct_width;
    } else if constexpr (ct_category_of<T> == ct_is_float) {
        return c == T((long long)python) ? ct_agrees : ct_width;
    } else {
        return ct_is_text<T> ? ct_kind : ct_agrees;
    }
}
template <class T> constexpr auto ct_number(T c) {
    if constexpr (ct_category_of<T> == ct_is_unsigned) {
        return (unsigned long long)c;
    } else if constexpr (ct_is_integer(ct_category_of<T>) || ct_category_of<T> == ct_is_float) {
        return (long long)c;
    } else {
        return 0LL;
    }
}
template <bool> struct ct_holds {};
template <> struct ct_holds<true> { struct yes {}; };

/* The size of a struct; zero if the header does not define it. */
template <class T> constexpr long long ct_size() {
    if constexpr (ct_is_complete<T>) {
        return sizeof(T);
    } else {
        return 0;
    }
}
template <class T> constexpr long long ct_alignment() {
    if constexpr (ct_is_complete<T>) {
        return alignof(T);
    } else {
        return 0;
    }
}

/* The declared type of a field, without const and volatile. */
#define ct_field(type, field) ct_bare<decltype(static_cast<type *>(nullptr)->field)>
#define ct_offset(type, field) (long long)__builtin_offsetof(type, field)
