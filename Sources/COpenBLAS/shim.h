// SPDX-License-Identifier: Apache-2.0
// OpenBLAS as Debian ships it: CBLAS with its thread control, and the LAPACK routines inside the same library
// (Debian puts LAPACKE elsewhere, so the two we need are declared here as Fortran exports them: column-major, by pointer).
#include <cblas.h>

/// Symmetric eigenproblem, divide and conquer: https://netlib.org/lapack/explore-html/d1/da2/ssyevd_8f.html
void ssyevd_(const char *jobz, const char *uplo, const int *n, float *a, const int *lda, float *w, float *work,
             const int *lwork, int *iwork, const int *liwork, int *info);

/// Symmetric positive definite solve by Cholesky, double precision: https://netlib.org/lapack/explore-html/dc/de9/dposv_8f.html
void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb, int *info);
