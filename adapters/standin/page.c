/*
 * page - plain HTML out of the books. See page.h.
 */
#include "page.h"

#include <stdlib.h>

#include "tell.h"

#define SHOWN      40
#define PAGE_BYTES ((size_t)4 * 1024 * 1024)

static const char head[] =
    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta http-equiv=\"refresh\" content=\"2\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>Sahaya "
    "stand-in</title><style>"
    "body{font-family:sans-serif;margin:1rem;line-height:1.4}"
    "table{border-collapse:collapse;width:100%;margin-bottom:2rem}"
    "th,td{border-bottom:1px solid #999;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "td{unicode-bidi:plaintext;white-space:pre-wrap;overflow-wrap:anywhere}"
    "td:nth-child(-n+3),th{white-space:nowrap;overflow-wrap:normal}"
    "</style></head><body><h1>Sahaya stand-in</h1>"
    "<p>Plays the Graph API and the agencies. Newest first.</p>";

static void add_escaped(struct sah_buf *buf, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            sah_buf_add_text(buf, "&lt;");
            break;
        case '>':
            sah_buf_add_text(buf, "&gt;");
            break;
        case '&':
            sah_buf_add_text(buf, "&amp;");
            break;
        case '"':
            sah_buf_add_text(buf, "&quot;");
            break;
        default:
            sah_buf_add(buf, text, 1);
            break;
        }
    }
}

static void add_cell(struct sah_buf *buf, const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);

    sah_buf_add_text(buf, "<td>");
    if (json_is_integer(value))
        sah_buf_addf(buf, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        add_escaped(buf, sah_tell_text(row, key));
    sah_buf_add_text(buf, "</td>");
}

struct table {
    const char *title, *none;
    const char *keys[8]; /* "body/x" reads x in the body */
};

static const struct table received_table = {"What agencies got",
                                            "Nothing yet.",
                                            {"n", "agency", "kind", "priority", "service",
                                             "request_id", "body/text", "body/amendment"}};
static const struct table sent_table = {
    "What citizens were told", "Nothing yet.", {"n", "to", "type", "text", NULL}};
static const struct table refused_table = {
    "What was refused", "Nothing.", {"n", "at", "id", "status", "why", NULL}};

static void add_row(struct sah_buf *buf, const struct table *table, const char *text)
{
    json_t *row = json_loads(text, 0, NULL);

    sah_buf_add_text(buf, "<tr>");
    for (size_t i = 0; i < SAH_LEN(table->keys) && table->keys[i] != NULL; i++) {
        const char *key = table->keys[i];

        if (key[0] == 'b' && key[4] == '/')
            add_cell(buf, json_object_get(row, "body"), key + 5);
        else
            add_cell(buf, row, key);
    }
    sah_buf_add_text(buf, "</tr>\n");
    json_decref(row);
}

static void add_table(struct sah_buf *buf, const struct table *table,
                      const struct sah_book *book)
{
    uint64_t last = sah_book_last(book), n = last;

    sah_buf_addf(buf, "<h2>%s (%llu)</h2>", table->title, (unsigned long long)last);
    if (last == 0) {
        sah_buf_addf(buf, "<p>%s</p>", table->none);
        return;
    }
    sah_buf_add_text(buf, "<table><thead><tr>");
    for (size_t i = 0; i < SAH_LEN(table->keys) && table->keys[i] != NULL; i++)
        sah_buf_addf(buf, "<th scope=\"col\">%s</th>", table->keys[i]);
    sah_buf_add_text(buf, "</tr></thead><tbody>");
    for (; n > 0 && last - n < SHOWN && sah_book_row(book, n) != NULL; n--)
        add_row(buf, table, sah_book_row(book, n));
    sah_buf_add_text(buf, "</tbody></table>");
}

void sah_page_tell(const struct sah_book *received, const struct sah_book *sent,
                   const struct sah_book *refused, struct sah_http_exchange *x)
{
    struct sah_buf buf;

    sah_buf_init(&buf, PAGE_BYTES);
    sah_buf_add_text(&buf, head);
    add_table(&buf, &sent_table, sent);
    add_table(&buf, &received_table, received);
    add_table(&buf, &refused_table, refused);
    sah_buf_add_text(&buf, "</body></html>\n");
    if (buf.failed)
        sah_http_reply_text(x, 500, "the page is too large\n");
    else
        sah_http_reply(x, 200, "text/html; charset=utf-8", buf.data, buf.len);
    sah_buf_fini(&buf);
}
