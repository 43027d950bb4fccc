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
 * and fastcall_prepare accepts no others.
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

/* What a call must pass: stored in a descriptor. */
#define SHAPE_INTEGERS 0  /* integer registers only */
#define SHAPE_REGISTERS 1 /* floating point registers as well */
#define SHAPE_ALL 2       /* and the stack */

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
#  define INTEGER_REGISTERS 6
#  define FLOAT_REGISTERS 8
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
#  define INTEGER_REGISTERS 8
#  define FLOAT_REGISTERS 8
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
#endif

#define FIRST_STACK_WORD (INTEGER_REGISTERS + FLOAT_REGISTERS)
#define INTEGERS_SIZE (INTEGER_REGISTERS * sizeof(uint64_t))

typedef struct {
    /* Integer registers, floating point registers, the stack, and one more word, because
       packed arguments are stored as eight bytes each. */
    uint64_t words[FIRST_STACK_WORD + STACK_WORDS + 1];
} frame;

/*
 * Assigns a location in the frame to each argument, and a shape to the call.
 * Returns NULL, or the reason why the call is not supported.
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
        int is_float = argument->kind == FASTCALL_FLOAT && !argument->output;
#  if defined(CONVENTION_STACKS_VARIADIC)
        const int in_registers = !descriptor->is_variadic || i < descriptor->fixed;
#  else
        const int in_registers = 1;
#  endif
#  if defined(CONVENTION_INTEGERS_ONLY_IF_VARIADIC)
        is_float = is_float && !descriptor->is_variadic;
#  endif
#  if defined(CONVENTION_WINDOWS_X64)
        if (in_registers && integers < INTEGER_REGISTERS) { /* a slot is for either class */
            argument->location = (uint8_t)integers++;
            if (is_float) {
                descriptor->float_slots = (uint8_t)(descriptor->float_slots | 1U << i);
                floats++;
            }
            continue;
        }
#  else
        if (in_registers && is_float && floats < FLOAT_REGISTERS) {
            argument->location = (uint8_t)(INTEGER_REGISTERS + floats++);
            continue;
        }
        if (in_registers && !is_float && integers < INTEGER_REGISTERS) {
            argument->location = (uint8_t)integers++;
            continue;
        }
#  endif
#  if defined(CONVENTION_PACKS_STACK)
        const unsigned size =
            argument->kind == FASTCALL_BUFFER || argument->output || !in_registers
                ? 8
                : argument->size;
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

/* A result struct of 9 to 16 bytes without floating point numbers. System V and AAPCS64 return
   it in two integer registers, Windows in memory of the caller. This declaration lets the
   compiler do either. */
typedef struct {
    uint64_t words[2];
} two_words;

/* The functions call_integer, call_float and call_struct are defined below. They return the
   first integer register, the first floating point register, and two_words. */

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
