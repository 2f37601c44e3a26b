// SPDX-License-Identifier: Apache-2.0
import Subprocess
import ServiceLifecycle
import Configuration
