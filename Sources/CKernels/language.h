// SPDX-License-Identifier: Apache-2.0
// Between the files that serve the language model.
#pragma once
#include "CKernels.h"

#define INLINE static inline __attribute__((always_inline))

/// Compiles a function for the baseline and for AVX2 with FMA, and lets the loader pick (ifunc): for loops that the compiler
/// vectorises well by itself. A level of the instruction set, not the name of a processor, which others would not match.
#if defined(__x86_64__) && defined(__linux__)
#define VARIANTS __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define VARIANTS
#endif
