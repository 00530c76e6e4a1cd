/*
 * wire - protobuf bytes by hand, for messages that our own codec would refuse to write.
 *
 * Used by: the tests of proto/. Never: knows our schema; it works on field numbers.
 */
#ifndef SAH_TESTS_PROTO_WIRE_H
#define SAH_TESTS_PROTO_WIRE_H

#include <sahaya/str.h>

void wire_varint(struct sah_buf *buf, unsigned field, uint64_t value);
void wire_bytes(struct sah_buf *buf, unsigned field, const void *bytes, size_t len);

/*
 * Copies `message` with `extra` added at the end of the part that `path` (field numbers,
 * outermost first) leads to: the first one of a list, a new one when there is none. A later
 * value of a field replaces an earlier one, so this sets fields, too.
 */
void wire_append(struct sah_slice message, const unsigned *path, size_t n_path,
                 struct sah_slice extra, struct sah_buf *out);

#endif
