/*
 * test_adapter_dialog - the dialog of the adapter's tests: a few words, no understanding.
 *
 * It keeps the contract of dialog.h: a step follows from its arguments alone. `asked` counts
 * the steps that were committed, so that a lost update shows. The texts in Redis are the real
 * ones (dialog_json.c).
 */
#include "test_adapter_world.h"

static void reply(struct sah_step *step, const struct sah_citizen *citizen, const char *key,
                  bool emergency)
{
    struct sah_reply *r = &step->replies[step->n_replies++];

    assert_int_equal(sah_format(r->key, sizeof r->key, "%s", key), SAH_OK);
    r->emergency = emergency;
    memcpy(r->account, citizen->account, sizeof r->account);
    memcpy(r->sender, citizen->sender, sizeof r->sender);
    (void)sah_format(r->body, sizeof r->body, "%s", "a text with \"quotes\"");
}

static struct sah_message *submit(struct sah_step *step, const struct sah_incoming *in,
                                  enum sah_kind kind, enum sah_urgency urgency)
{
    struct sah_message *m = &step->submits[step->n_submits];

    step->submit_urgency[step->n_submits] = urgency;
    m->kind = kind;
    m->id = in->id;
    m->id.bytes[15] = (uint8_t)step->n_submits;
    m->sequence = 1;
    step->n_submits++;
    return m;
}

static void request(struct sah_step *step, const struct sah_incoming *in,
                    enum sah_urgency urgency)
{
    struct sah_message *m = submit(step, in, SAH_KIND_REQUEST, urgency);
    struct sah_open_request *open;

    m->u.request.urgency = urgency;
    m->u.request.citizen = in->citizen;
    m->u.request.text_len = in->text_len;
    memcpy(m->u.request.text, in->text, in->text_len);
    if (step->next.n_open == SAH_OPEN_MAX)
        memmove(&step->next.open[0], &step->next.open[1], (--step->next.n_open) * sizeof *open);
    open = &step->next.open[step->next.n_open++];
    memset(open, 0, sizeof *open);
    open->message_id = m->id;
    open->urgency = urgency;
}

static void about_the_newest(struct sah_step *step, const struct sah_incoming *in,
                             enum sah_kind kind)
{
    const struct sah_open_request *open = &step->next.open[step->next.n_open - 1];
    struct sah_message *m = submit(step, in, kind, open->urgency);

    memcpy(m->request_id, open->request_id, sizeof m->request_id);
    m->causation = open->message_id;
    m->sequence = 2;
    if (kind == SAH_KIND_AMENDMENT) {
        m->u.amendment.kind = SAH_AMENDMENT_TEXT;
        m->u.amendment.part.citizen = in->citizen;
    } else {
        m->u.status_query.citizen = in->citizen;
    }
}

void sah_dialog_take(const struct sah_dialog *dialog,
                     const struct sah_conversation *conversation, const struct sah_incoming *in,
                     struct sah_step *step)
{
    char hex[SAH_ID_HEX_SIZE], key[81];

    (void)dialog;
    sah_id_hex(&in->id, hex);
    step->next = *conversation;
    step->next.asked++;
    (void)sah_format(key, sizeof key, "r:%s", hex);
    if (strcmp(in->text, "help") == 0) {
        request(step, in, SAH_URGENCY_URGENT);
        reply(step, &in->citizen, key, true);
    } else if (strcmp(in->text, "book") == 0) {
        request(step, in, SAH_URGENCY_BULK);
        reply(step, &in->citizen, key, false);
    } else if (strcmp(in->text, "both") == 0) {
        request(step, in, SAH_URGENCY_BULK);
        request(step, in, SAH_URGENCY_UNSPECIFIED);
    } else if (step->next.n_open == 0 && strcmp(in->text, "more") == 0) {
        step->not_ours = false; /* more about nothing: understood, and not answered */
    } else if (strcmp(in->text, "more") == 0) {
        about_the_newest(step, in, SAH_KIND_AMENDMENT);
    } else if (strcmp(in->text, "status") == 0) {
        about_the_newest(step, in, SAH_KIND_STATUS_QUERY);
    } else if (strcmp(in->text, "note") == 0) {
        reply(step, &in->citizen, key, false);
        (void)sah_format(step->replies[0].supersedes, sizeof step->replies[0].supersedes,
                         "note");
    } else if (strcmp(in->text, "notes") == 0) {
        for (unsigned i = 0; i < SAH_REPLIES_MAX; i++) {
            (void)sah_format(key, sizeof key, "r:%s:%u", hex, i);
            reply(step, &in->citizen, key, false);
        }
    } else if (strcmp(in->text, "nothing") == 0) {
        step->not_ours = true;
    }
}

void sah_dialog_accepted(const struct sah_message *message, const struct sah_message *result,
                         struct sah_conversation *conversation)
{
    for (unsigned i = 0; i < conversation->n_open; i++)
        if (sah_id_equal(&conversation->open[i].message_id, &message->id))
            memcpy(conversation->open[i].request_id, result->request_id, SAH_REQUEST_ID_SIZE);
}

void sah_dialog_status(const struct sah_dialog *dialog,
                       const struct sah_conversation *conversation,
                       const struct sah_message *query, const struct sah_message *result,
                       int64_t now_ms, struct sah_step *step)
{
    char hex[SAH_ID_HEX_SIZE], key[81];

    (void)dialog;
    (void)result;
    assert_true(now_ms > 0);
    step->next = *conversation;
    sah_id_hex(&query->id, hex);
    (void)sah_format(key, sizeof key, "s:%s", hex);
    reply(step, &query->u.status_query.citizen, key, true);
}

void sah_dialog_event(const struct sah_dialog *dialog,
                      const struct sah_conversation *conversation,
                      const struct sah_outbox_event *event, int64_t now_ms,
                      struct sah_step *step)
{
    struct sah_citizen citizen = {0};
    char key[81];

    (void)dialog;
    assert_true(now_ms > 0);
    step->next = *conversation;
    step->next.asked++;
    memcpy(citizen.sender, event->sender, sizeof citizen.sender);
    memcpy(citizen.account, event->account, sizeof citizen.account);
    (void)sah_format(key, sizeof key, "e:%s", event->event_id);
    reply(step, &citizen, key, event->emergency);
}

void sah_dialog_not_accepted(const struct sah_dialog *dialog,
                             const struct sah_conversation *conversation,
                             const struct sah_message *message,
                             const struct sah_message *result, int64_t now_ms,
                             struct sah_step *step)
{
    char hex[SAH_ID_HEX_SIZE], key[81];

    (void)dialog;
    assert_true(now_ms > 0);
    step->next = *conversation;
    sah_id_hex(&message->id, hex);
    (void)sah_format(key, sizeof key, "%c:%s", result == NULL ? 'u' : 'x', hex);
    if (message->kind == SAH_KIND_REQUEST)
        reply(step, &message->u.request.citizen, key, true);
}
