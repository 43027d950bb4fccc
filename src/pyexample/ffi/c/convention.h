/*
 * Where the arguments of a C function go, and the call itself.
 *
 * The ABIs that are served put each integer or pointer and each floating point
 * number into a register or a stack slot that depends on nothing but the classes
 * of the arguments before it. The callee takes from there what it declares; what
 * lies in the other registers and slots does not concern it, and the caller
 * removes the stack arguments. A *frame* holds a word for every argument register
 * and for some stack; the call passes all of it, to a prototype that has them all.
 *
 * To call a function through a pointer to another function type is undefined in
 * ISO C (C11 6.3.2.3p8). It is defined by the documents named below, with arguments
 * of the classes INTEGER and SSE (integers, pointers, bool, float, double) and results
 * of the same; and that is all that fastcall_prepare lets through.
 *
 * A declaration does not say whether the C function is variadic. So each call is one
 * that a variadic function understands as well, where an ABI has such a call: System V
 * x86-64, Windows x64 and AAPCS64. It has none on Apple's arm64, where the arguments
 * behind the fixed ones are all on the stack, and on Windows' arm64, where a floating
 * point number goes to an integer register: there a variadic function gets its fixed
 * arguments only, and on Windows' arm64 its integers and pointers as well.
 */
#ifndef CONVENTION_H
#define CONVENTION_H

#include <string.h>

#include "fastcall.h"

#define STACK_WORDS 12

/* What a call has to pass: filled into a descriptor. */
#define SHAPE_INTEGERS 0  /* integer registers only */
#define SHAPE_REGISTERS 1 /* floating point registers as well */
#define SHAPE_ALL 2       /* and the stack */

#if defined(__clang__)
/* The undefined behaviour that is meant: see above. */
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
#elif defined(__x86_64__) && !defined(__ILP32__)
/*
 * "System V Application Binary Interface, AMD64 Architecture Processor Supplement",
 * 3.2.3. RDI, RSI, RDX, RCX, R8, R9 for integers and pointers, XMM0 to XMM7 for
 * floating point, each in its own order; what finds no register is on the stack,
 * eight bytes each. The document leaves open the bits above a char or short; clang
 * relies on the caller to extend them to 32, as gcc does, so they are extended. A
 * bool is 0 or 1 in eight bits. A variadic function reads in AL at most how many vector
 * registers hold arguments; no other function reads it.
 */
#  define INTEGER_REGISTERS 6
#  define FLOAT_REGISTERS 8
#elif (defined(__aarch64__) && !defined(__AARCH64EB__) && !defined(__ILP32__)) || \
    defined(_M_ARM64)
/*
 * "Procedure Call Standard for the Arm 64-bit Architecture" (AAPCS64), 6.8.2. X0 to X7
 * for integers and pointers, V0 to V7 for floating point, each in its own order; what
 * finds no register is on the stack, eight bytes each. The callee extends. Windows:
 * "Overview of ARM64 ABI conventions" (Microsoft Learn), the same for functions that
 * are not variadic. Apple: "Writing ARM64 code for Apple platforms" differs twice: on
 * the stack an argument takes its own size, at its own alignment, and the caller
 * extends a char or short to 32 bits, in a register.
 */
#  define INTEGER_REGISTERS 8
#  define FLOAT_REGISTERS 8
#  if defined(__APPLE__)
#    define CONVENTION_PACKS_STACK
#  endif
#else
#  define CONVENTION_NOT_SERVED
#  define INTEGER_REGISTERS 0
#  define FLOAT_REGISTERS 0
#endif

#define FIRST_STACK_WORD (INTEGER_REGISTERS + FLOAT_REGISTERS)
#define INTEGERS_SIZE (INTEGER_REGISTERS * sizeof(uint64_t))

typedef struct {
    /* Integer registers, floating point registers, the stack, and room behind its last
       byte, since arguments are stored as whole words. */
    uint64_t words[FIRST_STACK_WORD + STACK_WORDS + 1];
} frame;

/*
 * Assign a location in the frame to each of the arguments, and a shape to the call.
 * Returns NULL, or why the call cannot be made.
 */
static const char *assign_locations(fastcall_descriptor *descriptor, fastcall_argument *arguments)
{
#if defined(CONVENTION_NOT_SERVED)
    (void)descriptor;
    (void)arguments;
    return "this processor's calling convention is not served";
#else
    unsigned integers = 0, floats = 0, stack = 0; /* registers; registers; bytes */
    for (unsigned i = 0; i < descriptor->arguments; i++) {
        fastcall_argument *argument = &arguments[i];
        const int is_float = argument->kind == FASTCALL_FLOAT;
#  if defined(CONVENTION_WINDOWS_X64)
        if (integers < INTEGER_REGISTERS) { /* slots, each for either class */
            argument->location = (uint8_t)integers++;
            if (is_float) {
                descriptor->float_slots = (uint8_t)(descriptor->float_slots | 1U << i);
                floats++;
            }
            continue;
        }
#  else
        if (is_float && floats < FLOAT_REGISTERS) {
            argument->location = (uint8_t)(INTEGER_REGISTERS + floats++);
            continue;
        }
        if (!is_float && integers < INTEGER_REGISTERS) {
            argument->location = (uint8_t)integers++;
            continue;
        }
#  endif
#  if defined(CONVENTION_PACKS_STACK)
        const unsigned size = argument->kind == FASTCALL_BUFFER ? 8 : argument->size;
        stack = (stack + size - 1) / size * size;
#  else
        const unsigned size = 8;
#  endif
        argument->location = (uint8_t)(FIRST_STACK_WORD + stack / 8);
        argument->offset = (uint8_t)(stack % 8);
        stack += size;
        if (stack > STACK_WORDS * 8) {
            return "it has more arguments than are served";
        }
    }
    descriptor->shape = stack ? SHAPE_ALL : floats ? SHAPE_REGISTERS : SHAPE_INTEGERS;
    return NULL;
#endif
}

/* Store an argument. They must come in order: a word runs over its packed successors. */
static inline void store_argument(frame *frame, const fastcall_argument *argument, uint64_t word)
{
    memcpy((char *)&frame->words[argument->location] + argument->offset, &word, sizeof word);
}

/* Store an argument behind which others are stored already. */
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

/* Ends a prototype, so that whoever calls through it sets what a variadic function reads
   besides its arguments: see above. */
#if defined(__x86_64__) || defined(_M_X64)
#  define OR_VARIADIC , ...
#else
#  define OR_VARIADIC
#endif

/* A struct of 9 to 16 bytes without floating point numbers. System V and AAPCS64 return it
   in two integer registers, Windows in memory that the caller offers: as it is declared
   here, the compiler does either. */
typedef struct {
    uint64_t words[2];
} two_words;

/* Below, call_integer, call_float and call_struct are defined, which differ in what is
   returned: what is in the first integer register, or in the first floating point register,
   or two_words. */

#define I uint64_t
#define D double
#define STACK_TYPES I, I, I, I, I, I, I, I, I, I, I, I
#define STACK(s) s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11]

#if defined(CONVENTION_NOT_SERVED)

/* Never called: assign_locations has refused. */
#  define DEFINE_CALL(name, result)                                                        \
      static result name(                                                                  \
          any_function function, unsigned shape, unsigned float_slots, const frame *frame) \
      {                                                                                    \
          const result nothing = {0};                                                      \
          (void)function, (void)shape, (void)float_slots, (void)frame;                     \
          return nothing;                                                                  \
      }

#elif defined(CONVENTION_WINDOWS_X64)

/* A call for each way in which four slots can be integer or floating point. What is behind
   the first one is passed as to a variadic function. */
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
          default:                                                                         \
              return ((result (*)(INTEGER_TYPES, FLOAT_TYPES,                              \
                  STACK_TYPES OR_VARIADIC))function)(INTEGERS(w), FLOATS(f), STACK(s));    \
          }                                                                                \
      }

#endif

DEFINE_CALL(call_integer, uint64_t)
DEFINE_CALL(call_float, double)
DEFINE_CALL(call_struct, two_words)

#undef I
#undef D

#endif
