/*
 * What the proofs are written with. Each is a function that takes any values (their
 * variables are not initialised, or come from nondet_...), assumes what callers promise, calls
 * the code, and asserts what it promises. CBMC looks at every execution there is, and at
 * what is undefined in it: see ../test_proofs.py for what is run on which function.
 */
#ifndef PROOF_H
#define PROOF_H

#include <stddef.h>
#include <stdint.h>

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition) __CPROVER_assert(condition, #condition)

/* Without a body: any value of their type. */
int nondet_int(void);
int8_t nondet_int8(void);
uint8_t nondet_uint8(void);
int32_t nondet_int32(void);
int64_t nondet_int64(void);
uint64_t nondet_uint64(void);
size_t nondet_size(void);
double nondet_double(void);

#endif
