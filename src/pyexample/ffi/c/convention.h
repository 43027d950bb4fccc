/*
 * The locations of the arguments of a C function, and the call itself.
 *
 * The supported ABIs put each integer, pointer and floating point number into a
 * register or a stack slot that depends only on the classes of the arguments before
 * it. The callee ignores all other registers and slots, and the caller removes the
 * stack arguments. A *frame* has a word for every argument register and for some
 * stack slots; a call passes all of it, through a prototype with as many arguments.
 *
 * Calling a function through a pointer to another function type is undefined in
 * ISO C (C11 6.3.2.3p8). The documents named below define it for arguments and
 * results of the classes INTEGER and SSE (integers, pointers, bool, float, double),
 * and for structures of these, of which aggregates.h has the rules. fastcall_prepare
 * accepts no others.
 *
 * A declaration need not say that the C function is variadic. So each call is also
 * right for a variadic function, where the ABI allows that: System V x86-64, Windows x64
 * and AAPCS64. On Apple's arm64, variable arguments are all on the stack; on Windows'
 * arm64, floating point numbers go to integer registers. There, a call is right if the
 * descriptor says that the function is variadic, and how many arguments are fixed.
 */
#ifndef CONVENTION_H
#define CONVENTION_H

#include <string.h>

#include "fastcall.h"

#define STACK_WORDS 12
#define LARGE_WORDS (2 * STACK_WORDS)

/* What a call must pass: stored in a descriptor. */
#define SHAPE_INTEGERS 0  /* integer registers only */
#define SHAPE_REGISTERS 1 /* floating point registers as well */
#define SHAPE_ALL 2       /* and the stack */
#define SHAPE_LARGE 3     /* System V: and LARGE_WORDS of the stack, for structures */
#define SHAPE_LARGEST 4   /* System V: and MOST_STACK_WORDS */

/* Where the result is: stored in a descriptor. */
#define RESULT_INTEGER 0       /* the first integer register */
#define RESULT_FLOAT 1         /* the first floating point register */
#define RESULT_INTEGERS 2      /* System V, AAPCS64: the first two integer registers */
#define RESULT_FLOATS 3        /* two (System V) or four (AAPCS64) floating point registers */
#define RESULT_INTEGER_FLOAT 4 /* System V: the first integer register, then the other */
#define RESULT_FLOAT_INTEGER 5 /* System V: likewise */
#define RESULT_MEMORY 6        /* where the caller said */

#if defined(__clang__)
/* Intended undefined behaviour: see above. */
#  define CALLS_ANOTHER_TYPE __attribute__((no_sanitize("function")))
#else
#  define CALLS_ANOTHER_TYPE
#endif

#if (defined(__x86_64__) || defined(_M_X64)) && defined(_WIN32)
/*
 * "x64 calling convention" (Microsoft Learn). The first four arguments have a slot
 * each: RCX, RDX, R8, R9 for an integer or a pointer, XMM0 to XMM3 for a floating
 * point number, by position. The rest is on the stack, eight bytes each. The callee
 * ignores the bits above an argument's own. A variadic function finds a floating point
 * number in the integer register of its slot too ("Varargs").
 */
#  define CONVENTION_WINDOWS_X64
#  define INTEGER_REGISTERS 4
#  define FLOAT_REGISTERS 0
#  define MOST_STACK_WORDS STACK_WORDS
#elif defined(__x86_64__) && !defined(__ILP32__)
/*
 * "System V Application Binary Interface, AMD64 Architecture Processor Supplement",
 * 3.2.3. RDI, RSI, RDX, RCX, R8, R9 for integers and pointers, XMM0 to XMM7 for
 * floating point, each in its own order; the rest is on the stack, eight bytes each.
 * The document does not define the bits above a char or short. clang expects the
 * caller to extend them to 32 bits, as gcc does, so they are extended. A bool is 0 or
 * 1 in eight bits. A variadic function reads in AL an upper bound of the number of
 * vector registers with arguments; no other function reads it.
 */
#  define CONVENTION_SYSTEM_V
#  define INTEGER_REGISTERS 6
#  define FLOAT_REGISTERS 8
#  define MOST_STACK_WORDS (STACK_WORDS + FASTCALL_STRUCT_WORDS)
#elif (defined(__aarch64__) && !defined(__AARCH64EB__) && !defined(__ILP32__)) || \
    defined(_M_ARM64)
/*
 * "Procedure Call Standard for the Arm 64-bit Architecture" (AAPCS64), 6.8.2. X0 to X7
 * for integers and pointers, V0 to V7 for floating point, each in its own order; the
 * rest is on the stack, eight bytes each. The callee extends narrow integers. Windows:
 * "Overview of ARM64 ABI conventions" (Microsoft Learn), the same for functions that
 * are not variadic. Apple: "Writing ARM64 code for Apple platforms" has two
 * differences: on the stack an argument has its own size and alignment, and the caller
 * extends a char or short in a register to 32 bits. Variadic functions: Apple's callers
 * put each argument after the fixed ones on the stack, in eight bytes; Windows' use no
 * vector register, but treat a floating point number as an integer of its size.
 */
#  define CONVENTION_AAPCS64
#  define INTEGER_REGISTERS 8
#  define FLOAT_REGISTERS 8
#  define MOST_STACK_WORDS STACK_WORDS
#  if defined(__APPLE__)
#    define CONVENTION_PACKS_STACK
#    define CONVENTION_STACKS_VARIADIC
#  elif defined(_WIN32)
#    define CONVENTION_INTEGERS_ONLY_IF_VARIADIC
#  endif
#else
#  define CONVENTION_NOT_SERVED
#  define INTEGER_REGISTERS 0
#  define FLOAT_REGISTERS 0
#  define MOST_STACK_WORDS STACK_WORDS
#endif

#define FIRST_STACK_WORD (INTEGER_REGISTERS + FLOAT_REGISTERS)
/* Of copies of structures, which are 16-aligned. On System V, they are on the stack itself. */
#define FIRST_COPIED_WORD ((FIRST_STACK_WORD + STACK_WORDS + 2) / 2 * 2)
#define INTEGERS_SIZE (INTEGER_REGISTERS * sizeof(uint64_t))

typedef struct {
    /* Integer registers, floating point registers, the stack, one more word, because packed
       arguments are stored as eight bytes each, and copies. */
    _Alignas(16) uint64_t words[FIRST_COPIED_WORD + FASTCALL_STRUCT_WORDS];
} frame;

/* In bytes, from SHAPE_ALL on: what is cleared. As a variable size, it is cleared faster. */
static const uint16_t stack_sizes[] = {
    (STACK_WORDS + 1) * 8, LARGE_WORDS * 8, MOST_STACK_WORDS * 8};

/* What the arguments so far take. */
typedef struct {
    unsigned integers, floats; /* registers */
    unsigned stack;            /* bytes */
    unsigned copies;           /* words */
} taken_places;

/* The functions that assign locations return NULL, or the reason why the call is not
   supported. */

#if !defined(CONVENTION_NOT_SERVED)

/* Those of aggregates.h, for a structure. */
static const char *assign_struct(fastcall_descriptor *descriptor, fastcall_argument *argument,
    unsigned index, taken_places *taken);
static const char *assign_struct_result(
    fastcall_descriptor *descriptor, const fastcall_struct *structure, taken_places *taken);

/* Whether the argument with that index goes to a register if one is free. */
static int may_be_in_register(const fastcall_descriptor *descriptor, unsigned index)
{
#  if defined(CONVENTION_STACKS_VARIADIC)
    return !descriptor->is_variadic || index < descriptor->fixed;
#  else
    (void)descriptor, (void)index;
    return 1;
#  endif
}

/* Assign a location on the stack. */
static const char *assign_stack(
    fastcall_argument *argument, unsigned size, unsigned alignment, taken_places *taken)
{
    const unsigned begin = (taken->stack + alignment - 1) / alignment * alignment;
    if (begin + size > MOST_STACK_WORDS * 8) {
        return "it has more arguments than are served";
    }
    argument->location = (uint8_t)(FIRST_STACK_WORD + begin / 8);
    argument->offset = (uint8_t)(begin % 8);
    taken->stack = begin + size;
    return NULL;
}

/* Assign a location for one word. */
static const char *assign_word(fastcall_descriptor *descriptor, fastcall_argument *argument,
    unsigned index, taken_places *taken)
{
    const int in_register = may_be_in_register(descriptor, index);
    int is_float = argument->kind == FASTCALL_FLOAT && !argument->output;
    unsigned size = 8;
#  if defined(CONVENTION_INTEGERS_ONLY_IF_VARIADIC)
    is_float = is_float && !descriptor->is_variadic;
#  endif
#  if defined(CONVENTION_WINDOWS_X64)
    if (in_register && taken->integers < INTEGER_REGISTERS) { /* a slot is for either class */
        if (is_float) {
            descriptor->float_slots = (uint8_t)(descriptor->float_slots | 1U << taken->integers);
            taken->floats++;
        }
        argument->location = (uint8_t)taken->integers++;
        return NULL;
    }
#  else
    if (in_register && is_float && taken->floats < FLOAT_REGISTERS) {
        argument->location = (uint8_t)(INTEGER_REGISTERS + taken->floats++);
        return NULL;
    }
    if (in_register && !is_float && taken->integers < INTEGER_REGISTERS) {
        argument->location = (uint8_t)taken->integers++;
        return NULL;
    }
#  endif
#  if defined(CONVENTION_PACKS_STACK)
    if (argument->kind != FASTCALL_BUFFER && argument->kind != FASTCALL_STRUCT &&
        !argument->output && in_register) {
        size = argument->size;
    }
#  endif
    return assign_stack(argument, size, size, taken);
}

#endif

/* Assign a location in the frame to each argument, and a shape to the call. `result` is the
   first of the values that come back. */
static const char *assign_locations(
    fastcall_descriptor *descriptor, fastcall_argument *arguments, const fastcall_value *result)
{
#if defined(CONVENTION_NOT_SERVED)
    (void)descriptor, (void)arguments, (void)result;
    return "this processor's calling convention is not served";
#else
    taken_places taken = {0, 0, 0, 0};
    const char *reason = NULL;
    descriptor->result = result->kind == FASTCALL_FLOAT ? RESULT_FLOAT : RESULT_INTEGER;
    if (result->kind == FASTCALL_STRUCT) {
        reason = assign_struct_result(descriptor, result->conversion, &taken);
    }
    for (unsigned i = 0; !reason && i < descriptor->arguments; i++) {
        reason = arguments[i].kind == FASTCALL_STRUCT
                     ? assign_struct(descriptor, &arguments[i], i, &taken)
                     : assign_word(descriptor, &arguments[i], i, &taken);
    }
    descriptor->shape = taken.stack > LARGE_WORDS * 8   ? SHAPE_LARGEST
                        : taken.stack > STACK_WORDS * 8 ? SHAPE_LARGE
                        : taken.stack                   ? SHAPE_ALL
                        : taken.floats                  ? SHAPE_REGISTERS
                                                        : SHAPE_INTEGERS;
    return reason;
#endif
}

/* Store an argument. Must be called in order, because a word overwrites the packed arguments
   after it. */
static inline void store_argument(frame *frame, const fastcall_argument *argument, uint64_t word)
{
    memcpy((char *)&frame->words[argument->location] + argument->offset, &word, sizeof word);
}

/* Store an argument when those after it are already stored. */
static inline void store_late_argument(
    frame *frame, const fastcall_argument *argument, uint64_t word)
{
#if defined(CONVENTION_PACKS_STACK)
    memcpy((char *)&frame->words[argument->location] + argument->offset, &word, argument->size);
#else
    store_argument(frame, argument, word);
#endif
}

static inline double as_double(uint64_t word)
{
    double number;
    memcpy(&number, &word, sizeof number);
    return number;
}

static inline uint64_t as_word(double number)
{
    uint64_t word;
    memcpy(&word, &number, sizeof word);
    return word;
}

typedef void (*any_function)(void);

/* Ends a prototype, so that the compiler also sets what a variadic function reads: see above. */
#if defined(__x86_64__) || defined(_M_X64)
#  define OR_VARIADIC , ...
#else
#  define OR_VARIADIC
#endif

/* The functions call_integer and call_float are defined below. They return the first integer
   register and the first floating point register. */

#define I uint64_t
#define D double
#define STACK_TYPES I, I, I, I, I, I, I, I, I, I, I, I
#define STACK(s) s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11]

#if defined(CONVENTION_NOT_SERVED)

/* Never called: assign_locations returns a reason. */
#  define DEFINE_CALL(name, result)                                                        \
      static result name(                                                                  \
          any_function function, unsigned shape, unsigned float_slots, const frame *frame) \
      {                                                                                    \
          const result nothing = {0};                                                      \
          (void)function, (void)shape, (void)float_slots, (void)frame;                     \
          return nothing;                                                                  \
      }

#elif defined(CONVENTION_WINDOWS_X64)

/* One call for each combination of integers and floating point numbers in four slots. The
   arguments after the first are passed as to a variadic function. */
#  define I_(i) w[i]
#  define D_(i) as_double(w[i])
#  define SLOTS(result, a, b, c, d)                                \
      (stacked ? ((result (*)(a OR_VARIADIC))function)(            \
                     a##_(0), b##_(1), c##_(2), d##_(3), STACK(s)) \
               : ((result (*)(a OR_VARIADIC))function)(a##_(0), b##_(1), c##_(2), d##_(3)))
#  define DEFINE_CALL(name, result)                                                        \
      static result name(                                                                  \
          any_function function, unsigned shape, unsigned float_slots, const frame *frame) \
      {                                                                                    \
          const uint64_t *w = frame->words, *s = w + FIRST_STACK_WORD;                     \
          const int stacked = shape == SHAPE_ALL;                                          \
          switch (float_slots) {                                                           \
          case 1: return SLOTS(result, D, I, I, I);                                        \
          case 2: return SLOTS(result, I, D, I, I);                                        \
          case 3: return SLOTS(result, D, D, I, I);                                        \
          case 4: return SLOTS(result, I, I, D, I);                                        \
          case 5: return SLOTS(result, D, I, D, I);                                        \
          case 6: return SLOTS(result, I, D, D, I);                                        \
          case 7: return SLOTS(result, D, D, D, I);                                        \
          case 8: return SLOTS(result, I, I, I, D);                                        \
          case 9: return SLOTS(result, D, I, I, D);                                        \
          case 10: return SLOTS(result, I, D, I, D);                                       \
          case 11: return SLOTS(result, D, D, I, D);                                       \
          case 12: return SLOTS(result, I, I, D, D);                                       \
          case 13: return SLOTS(result, D, I, D, D);                                       \
          case 14: return SLOTS(result, I, D, D, D);                                       \
          case 15: return SLOTS(result, D, D, D, D);                                       \
          default: return SLOTS(result, I, I, I, I);                                       \
          }                                                                                \
      }

#else

#  if INTEGER_REGISTERS == 8
#    define INTEGER_TYPES I, I, I, I, I, I, I, I
#    define INTEGERS(w) w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
#  else
#    define INTEGER_TYPES I, I, I, I, I, I
#    define INTEGERS(w) w[0], w[1], w[2], w[3], w[4], w[5]
#  endif
#  define FLOAT_TYPES D, D, D, D, D, D, D, D
#  define FLOATS(f)                                                                        \
      as_double(f[0]), as_double(f[1]), as_double(f[2]), as_double(f[3]), as_double(f[4]), \
          as_double(f[5]), as_double(f[6]), as_double(f[7])
#  if defined(CONVENTION_SYSTEM_V)
/* A structure of such a size is on the stack itself. */
typedef struct {
    uint64_t words[MOST_STACK_WORDS];
} largest_stack;
#    define STACKED_CALLS(result)                                                             \
    case SHAPE_ALL:                                                                           \
        return ((result (*)(INTEGER_TYPES, FLOAT_TYPES, STACK_TYPES OR_VARIADIC))function)(   \
            INTEGERS(w), FLOATS(f), STACK(s));                                                \
    case SHAPE_LARGE:                                                                         \
        return ((result (*)(                                                                  \
            INTEGER_TYPES, FLOAT_TYPES, STACK_TYPES, STACK_TYPES OR_VARIADIC))function)(      \
            INTEGERS(w), FLOATS(f), STACK(s), STACK((s + STACK_WORDS)));                      \
    default:                                                                                  \
        return ((result (*)(INTEGER_TYPES, FLOAT_TYPES, largest_stack OR_VARIADIC))function)( \
            INTEGERS(w), FLOATS(f), *(const largest_stack *)(const void *)s);
#  else
#    define STACKED_CALLS(result)                                                           \
    default:                                                                                \
        return ((result (*)(INTEGER_TYPES, FLOAT_TYPES, STACK_TYPES OR_VARIADIC))function)( \
            INTEGERS(w), FLOATS(f), STACK(s));
#  endif
#  define DEFINE_CALL(name, result)                                                        \
      CALLS_ANOTHER_TYPE static result name(                                               \
          any_function function, unsigned shape, unsigned float_slots, const frame *frame) \
      {                                                                                    \
          const uint64_t *w = frame->words, *f = w + INTEGER_REGISTERS;                    \
          const uint64_t *s = w + FIRST_STACK_WORD;                                        \
          (void)float_slots;                                                               \
          switch (shape) {                                                                 \
          case SHAPE_INTEGERS:                                                             \
              return ((result (*)(INTEGER_TYPES OR_VARIADIC))function)(INTEGERS(w));       \
          case SHAPE_REGISTERS:                                                            \
              return ((result (*)(INTEGER_TYPES, FLOAT_TYPES OR_VARIADIC))function)(       \
                  INTEGERS(w), FLOATS(f));                                                 \
              STACKED_CALLS(result)                                                        \
          }                                                                                \
      }

#endif

DEFINE_CALL(call_integer, uint64_t)
DEFINE_CALL(call_float, double)

#include "aggregates.h"

#endif
