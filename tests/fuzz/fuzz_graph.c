/* fuzz_graph - any answer of the Graph API gets a verdict. The first byte picks the status. */
#include <string.h>

#include "graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 201, 302, 400, 401, 403, 404, 408, 429, 500, 503};
    struct sah_http_answer answer = {.fault = SAH_HTTP_FINE, .retry_after_ms = -1};
    struct sah_sent sent;
    enum sah_graph_class class;

    if (size == 0)
        return 0;
    answer.status = statuses[data[0] % SAH_LEN(statuses)];
    answer.body = (const char *)data + 1;
    answer.body_len = size - 1;
    sah_graph_judge(&answer, &sent, &class);
    SAH_ASSERT(class < SAH_N_GRAPH_CLASSES);
    SAH_ASSERT((sent.code == SAH_SENT_DONE) == (class == SAH_GRAPH_ok));
    SAH_ASSERT((sent.code == SAH_SENT_DONE) == (sent.channel_message[0] != '\0'));
    SAH_ASSERT(sent.retry_ms <= 15 * 60 * 1000);
    return 0;
}
