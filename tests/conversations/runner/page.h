/*
 * page - a conversation written down on one page, and its lines.
 *
 * Owns:    the form of the pages (tests/conversations/README.md tells it to whoever writes one).
 * Used by: play.c. Never: knows what a line means; it only tells one kind from another.
 */
#ifndef PAGE_H
#define PAGE_H

#include <sahaya/str.h>

#define PAGE_LINES_MAX 160
#define PAGE_BYTES_MAX (32 * 1024)

/* What happens, and after it what must be seen. */
#define PAGE_WORDS(X) \
    X(TIME, "Time") X(CITIZEN, "Citizen") X(TAPS, "Taps") X(PIN, "Pin") X(SENDS, "Sends") X(WAIT, "Wait") \
    X(RESTART, "Restart") X(ROUTER, "Router") X(AGENCY, "Agency") \
    X(SENT, "Sent") X(WORDS, "Words") X(READS, "Reads") X(NOT_READ, "Not read") X(OFFERS, "Offers") \
    X(NOWHERE, "Nowhere")
enum page_word {
#define X(name, word) PAGE_##name,
    PAGE_WORDS(X)
#undef X
        PAGE_N_WORDS
};

static inline bool page_happens(enum page_word word)
{
    return word <= PAGE_AGENCY;
}

struct page_line {
    unsigned number;
    enum page_word word;
    const char *rest; /* behind the colon, without blanks around it */
};

struct page {
    const char *path;
    char *text; /* owned; the lines point into it */
    char *title;
    unsigned n;
    struct page_line lines[PAGE_LINES_MAX];
};

/* False when it cannot be read; what is wrong is printed. */
bool page_load(const char *path, struct page *ret_page);
void page_free(struct page *page);

/* Cuts the next item off a list; NULL at its end. Blanks around it are gone. */
char *page_item(char **list, const char *between);

#endif
