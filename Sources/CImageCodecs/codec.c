// SPDX-License-Identifier: Apache-2.0
#include "codec.h"

void lcl_image_start(lcl_image *image, int32_t eighths) { image->codec->start(image, eighths); }

int32_t lcl_image_rows(lcl_image *image, uint8_t *rows, int32_t count) { return image->codec->rows(image, rows, count); }

void lcl_image_finish(lcl_image *image) { image->codec->finish(image); }

void lcl_image_close(lcl_image *image) { image->codec->close(image); }
