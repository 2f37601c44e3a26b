// SPDX-License-Identifier: Apache-2.0
#ifndef CODEC_H
#define CODEC_H

#include "CImageCodecs.h"

// What each format does behind the public functions.
typedef struct lcl_codec {
    void (*start)(lcl_image *, int32_t eighths);
    int32_t (*rows)(lcl_image *, uint8_t *rows, int32_t count);
    void (*finish)(lcl_image *);
    void (*close)(lcl_image *);
} lcl_codec;

// The bytes of a file and how far they were read.
typedef struct {
    const uint8_t *bytes;
    size_t count, position;
} lcl_source;

#endif
