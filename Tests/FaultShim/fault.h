// SPDX-License-Identifier: Apache-2.0
// What a power cut takes with it: the bytes that were added to a file since it was last flushed. Names that were not flushed stay.
#ifndef FAULT_H
#define FAULT_H

/// `file` is about to be written to; where there may be a cut, remembers how long it is, if nothing was written since its last flush.
void fault_dirties(int file, int cuts);

/// `file` was flushed; -1 is every file.
void fault_flushed(int file);

/// Cuts every remembered file to the length that it was flushed with.
void fault_cut(void);

#endif
