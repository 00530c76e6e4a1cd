/*
 * status_body - JSON that came from an agency. See status_body.h.
 */
#include <jansson.h>
#include <string.h>

#include "agency/status_body.h"

#define BODY_MAX       (32 * 1024)
#define ETA_MAX_S      86400
#define PRICE_MAX      100000000 /* a million rupees */
#define YEAR_2100_MS   INT64_C(4102444800000)
#define DEFINED(state) (UINT32_C(1) << SAH_STATE_##state)

/* The others are the router's own: what it knows better than an agency. */
static const uint32_t settable =
    DEFINED(DELIVERED) | DEFINED(ACKNOWLEDGED) | DEFINED(WAITING_UNIT) |
    DEFINED(UNIT_ASSIGNED) | DEFINED(EN_ROUTE) | DEFINED(ON_SCENE) | DEFINED(TRANSPORTING) |
    DEFINED(UNIT_LOST) | DEFINED(BOOKED) | DEFINED(OUT_FOR_DELIVERY) | DEFINED(HANDED_OVER) |
    DEFINED(CANCELLED) | DEFINED(REJECTED) | DEFINED(CLOSED) | DEFINED(REOPENED);

enum field_kind { FIELD_TEXT, FIELD_U32, FIELD_TIME };

/* One row a plain field. */
#define AT(name) \
    offsetof(struct sah_agency_status, name), sizeof(((struct sah_agency_status *)0)->name)
static const struct field {
    const char *key;
    enum field_kind kind;
    size_t offset, size;
    int64_t max;
} fields[] = {
    {"by", FIELD_TEXT, AT(by), 0},
    {"case_no", FIELD_TEXT, AT(case_no), 0},
    {"reason_text", FIELD_TEXT, AT(reason_text), 0},
    {"payment_url", FIELD_TEXT, AT(payment_url), 0},
    {"disposition", FIELD_TEXT, AT(disposition), 0},
    {"eta_s", FIELD_U32, AT(eta_s), ETA_MAX_S},
    {"price_paise", FIELD_U32, AT(price_paise), PRICE_MAX},
    {"sequence_seen", FIELD_U32, AT(sequence_seen), UINT32_MAX},
    {"due_ms", FIELD_TIME, AT(due_ms), YEAR_2100_MS},
    {"sent_ms", FIELD_TIME, AT(sent_ms), YEAR_2100_MS},
};

static int refuse(struct body_fault *fault, const char *field, const char *fmt, ...)
    SAH_PRINTF(3, 4);

static int refuse(struct body_fault *fault, const char *field, const char *fmt, ...)
{
    va_list args;

    fault->field = field;
    va_start(args, fmt);
    (void)vsnprintf(fault->text, sizeof fault->text, fmt, args);
    va_end(args);
    return SAH_EINVAL;
}

/* Well-formed UTF-8 is jansson's doing. */
static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

static int take_text(const json_t *value, const char *key, char *dst, size_t size,
                     struct body_fault *fault)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL)
        return refuse(fault, key, "must be a text");
    if (!is_plain(text, len))
        return refuse(fault, key, "holds a control character");
    if (sah_copy(dst, size, text, len) != SAH_OK)
        return refuse(fault, key, "must be at most %zu bytes", size - 1);
    return SAH_OK;
}

static int take_number(const json_t *value, const char *key, int64_t max, int64_t *ret_number,
                       struct body_fault *fault)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > max)
        return refuse(fault, key, "must be a whole number, 0..%lld", (long long)max);
    *ret_number = json_integer_value(value);
    return SAH_OK;
}

static int take_field(const json_t *root, const struct field *field,
                      struct sah_agency_status *status, struct body_fault *fault)
{
    const json_t *value = json_object_get(root, field->key);
    char *at = (char *)status + field->offset;
    int64_t number = 0;
    uint32_t small;
    int err;

    if (value == NULL || json_is_null(value))
        return SAH_OK;
    switch (field->kind) {
    case FIELD_TEXT:
        return take_text(value, field->key, at, field->size, fault);
    case FIELD_U32:
        err = take_number(value, field->key, field->max, &number, fault);
        small = (uint32_t)number;
        if (err == SAH_OK)
            memcpy(at, &small, sizeof small);
        return err;
    case FIELD_TIME:
        err = take_number(value, field->key, field->max, &number, fault);
        if (err == SAH_OK)
            memcpy(at, &number, sizeof number);
        return err;
    }
    return SAH_EINVAL;
}

static int take_state(const json_t *root, struct sah_agency_status *status,
                      struct body_fault *fault)
{
    const json_t *value = json_object_get(root, "state");
    struct sah_slice name = {json_string_value(value), json_string_length(value)};

    if (value == NULL)
        return refuse(fault, "state", "is missing; write for example \"ACKNOWLEDGED\"");
    if (name.ptr == NULL)
        return refuse(fault, "state", "must be a text");
    status->state = sah_state_from(name);
    if (status->state == SAH_STATE_UNSPECIFIED)
        return refuse(fault, "state", "is no state; write for example \"ACKNOWLEDGED\"");
    if ((settable & (UINT32_C(1) << status->state)) == 0)
        return refuse(fault, "state", "%s is for the router alone to set",
                      sah_state_name(status->state));
    return SAH_OK;
}

/* Whoever is named vouches; without a name it was a machine (I9). */
static int take_level(const json_t *root, struct sah_agency_status *status,
                      struct body_fault *fault)
{
    const json_t *value = json_object_get(root, "level");
    const char *name = json_string_value(value);

    status->level = status->by[0] != '\0' ? SAH_LEVEL_PERSON : SAH_LEVEL_MACHINE;
    if (value == NULL || json_is_null(value))
        return SAH_OK;
    if (name == NULL)
        return refuse(fault, "level", "must be \"PERSON\", \"MACHINE\" or \"TRANSPORT\"");
    if (strcmp(name, "PERSON") == 0)
        return status->by[0] != '\0'
                   ? SAH_OK
                   : refuse(fault, "by", "is missing; name the agent or the position");
    if (strcmp(name, "MACHINE") != 0 && strcmp(name, "TRANSPORT") != 0)
        return refuse(fault, "level", "must be \"PERSON\", \"MACHINE\" or \"TRANSPORT\"");
    return SAH_OK;
}

static int take_units(const json_t *root, struct sah_agency_status *status,
                      struct body_fault *fault)
{
    const json_t *list = json_object_get(root, "units");
    size_t n = json_array_size(list);

    if (list == NULL || json_is_null(list))
        return SAH_OK;
    if (!json_is_array(list) || n > SAH_UNITS_MAX)
        return refuse(fault, "units", "must be a list of at most %d texts", SAH_UNITS_MAX);
    for (size_t i = 0; i < n; i++) {
        int err =
            take_text(json_array_get(list, i), "units", status->units[i], SAH_UNIT_SIZE, fault);

        if (err != SAH_OK)
            return err;
        if (status->units[i][0] == '\0')
            return refuse(fault, "units", "holds an empty text");
    }
    status->n_units = (unsigned)n;
    return SAH_OK;
}

static int take_reason(const json_t *root, struct sah_agency_status *status,
                       struct body_fault *fault)
{
    const json_t *value = json_object_get(root, "reason");
    struct sah_slice name = {json_string_value(value), json_string_length(value)};

    if (value == NULL || json_is_null(value))
        return SAH_OK;
    if (name.ptr != NULL)
        status->reason = sah_reason_from(name);
    if (status->reason == SAH_REASON_UNSPECIFIED)
        return refuse(fault, "reason",
                      "is no reason; write for example \"NO_RESOURCE\", or \"OTHER\" "
                      "and reason_text");
    return SAH_OK;
}

/* A citizen will tap it. */
static int check_url(const struct sah_agency_status *status, struct body_fault *fault)
{
    const char *url = status->payment_url;

    if (url[0] == '\0')
        return SAH_OK;
    if (strncmp(url, "https://", 8) != 0 || url[8] == '\0' || url[8] == '/')
        return refuse(fault, "payment_url", "must begin with https:// and name a host");
    for (const char *p = url; *p != '\0'; p++)
        if (*p <= ' ' ||
            strchr("\"<>\\^`{|}", *p) != NULL) /* bytes past ASCII are negative here */
            return refuse(fault, "payment_url",
                          "holds a character that no URL has; percent-encode it");
    return SAH_OK;
}

static int read_object(const json_t *root, struct sah_agency_status *status,
                       struct body_fault *fault)
{
    int err = json_is_object(root) ? SAH_OK : refuse(fault, "", "must be a JSON object");

    if (err == SAH_OK)
        err = take_state(root, status, fault);
    for (size_t i = 0; i < SAH_LEN(fields) && err == SAH_OK; i++)
        err = take_field(root, &fields[i], status, fault);
    if (err == SAH_OK)
        err = take_level(root, status, fault);
    if (err == SAH_OK)
        err = take_units(root, status, fault);
    if (err == SAH_OK)
        err = take_reason(root, status, fault);
    if (err == SAH_OK)
        err = check_url(status, fault);
    return err;
}

static json_t *parse(struct sah_slice body)
{
    json_error_t error;

    if (body.len == 0 || body.len > BODY_MAX)
        return NULL;
    return json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &error);
}

int status_body_read(struct sah_slice body, struct sah_agency_status *ret_status,
                     struct body_fault *ret_fault)
{
    struct sah_agency_status status = {0};
    json_t *root = parse(body);
    int err;

    *ret_fault = (struct body_fault){.field = ""};
    if (root == NULL)
        return refuse(ret_fault, "",
                      "must be one JSON object of at most %d bytes, UTF-8, no key twice",
                      BODY_MAX);
    err = read_object(root, &status, ret_fault);
    json_decref(root);
    if (err == SAH_OK)
        *ret_status = status;
    return err;
}

int link_body_read(struct sah_slice body, bool links, char ret_main_id[SAH_REQUEST_ID_SIZE],
                   char ret_by[SAH_BY_SIZE], struct body_fault *ret_fault)
{
    json_t *root = parse(body);
    int err;

    *ret_fault = (struct body_fault){.field = ""};
    if (!json_is_object(root)) {
        json_decref(root);
        return refuse(ret_fault, "", "must be one JSON object of at most %d bytes", BODY_MAX);
    }
    err = take_text(json_object_get(root, "by"), "by", ret_by, SAH_BY_SIZE, ret_fault);
    if (err == SAH_OK && ret_by[0] == '\0')
        err = refuse(ret_fault, "by", "is missing; name the agent or the position");
    if (err == SAH_OK && links)
        err = take_text(json_object_get(root, "to"), "to", ret_main_id, SAH_REQUEST_ID_SIZE, ret_fault);
    if (err == SAH_OK && links && sah_request_id_parse(sah_slice_of(ret_main_id), NULL, NULL) != SAH_OK)
        err = refuse(ret_fault, "to", "is no request id");
    json_decref(root);
    return err;
}

void answer_body_read(struct sah_slice body, char ret_case_no[SAH_CASE_SIZE],
                      enum sah_reason *ret_reason)
{
    struct body_fault fault;
    const json_t *value;
    json_t *root = parse(body);

    if (root == NULL)
        return; /* an answer need not be JSON */
    value = json_object_get(root, "case_no");
    if (value != NULL &&
        take_text(value, "case_no", ret_case_no, SAH_CASE_SIZE, &fault) != SAH_OK)
        ret_case_no[0] = '\0';
    value = json_object_get(root, "reason");
    if (json_is_string(value))
        *ret_reason = sah_reason_from(
            (struct sah_slice){json_string_value(value), json_string_length(value)});
    json_decref(root);
}
