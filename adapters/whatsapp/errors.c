/*
 * errors - the Graph API's error codes and what the sender does at each (whatsapp.md 4.3).
 *
 * The first row that holds a code wins. A code that is in no row is judged by the HTTP status.
 */
#include "graph.h"

#define MINUTE_MS 60000u

#define ONE(code, class, sent, retry_ms)                         \
    {                                                            \
        code, code, SAH_GRAPH_##class, SAH_SENT_##sent, retry_ms \
    }
#define SPAN(from, to, class, sent, retry_ms)                  \
    {                                                          \
        from, to, SAH_GRAPH_##class, SAH_SENT_##sent, retry_ms \
    }

static const struct sah_graph_rule rules[] = {
    /* passes by itself */
    SPAN(1, 2, transient, RETRY, 0),
    ONE(131000, transient, RETRY, 0),
    ONE(131016, transient, RETRY, 0),
    SPAN(133004, 133005, transient, RETRY, 0),
    /* the number is moved to a higher throughput: about a minute */
    ONE(131057, upgrade, ACCOUNT, MINUTE_MS),
    /* the number as a whole is too fast */
    ONE(130429, throttle_account, ACCOUNT, 1000),
    ONE(4, throttle_account, ACCOUNT, MINUTE_MS),
    ONE(80007, throttle_account, ACCOUNT, MINUTE_MS),
    ONE(133016, throttle_account, ACCOUNT, MINUTE_MS),
    /* people blocked or reported it: slow down, a person must look */
    ONE(131048, throttle_quality, ACCOUNT, MINUTE_MS),
    ONE(131064, throttle_quality, ACCOUNT, MINUTE_MS),
    /* one message in 6 s to one citizen */
    ONE(131056, throttle_citizen, CITIZEN, 6000),
    /* the token: nothing goes until it is replaced; looked at again by the minute */
    ONE(0, auth, STOP, MINUTE_MS),
    ONE(190, auth, STOP, MINUTE_MS),
    /* permission, payment, registration: a person must act at Meta's console */
    ONE(3, config, STOP, MINUTE_MS),
    ONE(10, config, STOP, MINUTE_MS),
    SPAN(200, 299, config, STOP, MINUTE_MS),
    ONE(131005, config, STOP, MINUTE_MS),
    ONE(131037, config, STOP, MINUTE_MS),
    ONE(131042, config, STOP, MINUTE_MS),
    ONE(131045, config, STOP, MINUTE_MS),
    ONE(133000, config, STOP, MINUTE_MS),
    ONE(133006, config, STOP, MINUTE_MS),
    SPAN(133008, 133010, config, STOP, MINUTE_MS),
    ONE(133015, config, STOP, MINUTE_MS),
    ONE(134011, config, STOP, MINUTE_MS),
    /* the account is restricted */
    ONE(368, integrity, STOP, MINUTE_MS),
    ONE(130497, integrity, STOP, MINUTE_MS),
    ONE(131031, integrity, STOP, MINUTE_MS),
    /* our bug */
    ONE(33, bad_request, DEAD, 0),
    ONE(100, bad_request, DEAD, 0),
    SPAN(131008, 131009, bad_request, DEAD, 0),
    ONE(131021, bad_request, DEAD, 0),
    ONE(131051, bad_request, DEAD, 0),
    ONE(135000, bad_request, DEAD, 0),
    /* this citizen cannot be reached here */
    ONE(131026, recipient, DEAD, 0),
    ONE(131030, recipient, DEAD, 0),
    ONE(130472, recipient, DEAD, 0),
    SPAN(131062, 131063, recipient, DEAD, 0),
    /* more than 24 h since the citizen wrote: a template would be needed, and there is none yet
     */
    ONE(131047, window, DEAD, 0),
    SPAN(131049, 131050, marketing, DEAD, 0),
    /* an upload may be tried again, the rest is gone */
    ONE(131053, media, RETRY, 0),
    ONE(131052, media, DEAD, 0),
    ONE(131060, media, DEAD, 0),
    SPAN(132000, 132001, template, DEAD, 0),
    ONE(132005, template, DEAD, 0),
    SPAN(132007, 132008, template, DEAD, 0),
    ONE(132012, template, DEAD, 0),
    SPAN(132015, 132016, template, DEAD, 0),
    SPAN(132068, 132069, template, DEAD, 0),
    /* we send no identity hash, so sending "without" is what failed */
    ONE(137000, identity, DEAD, 0),
};

const struct sah_graph_rule *sah_graph_rule_of(int code)
{
    for (size_t i = 0; i < SAH_LEN(rules); i++) {
        if (code >= rules[i].from && code <= rules[i].to)
            return &rules[i];
    }
    return NULL;
}

const struct sah_graph_rule *sah_graph_rules(size_t *ret_n)
{
    *ret_n = SAH_LEN(rules);
    return rules;
}
