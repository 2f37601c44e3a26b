// SPDX-License-Identifier: Apache-2.0
#include "CTestCodecs.h"
