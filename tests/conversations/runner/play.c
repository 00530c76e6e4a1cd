/*
 * play - plays pages of tests/conversations/ over the dialog with the real lexicon, the real texts and
 * the real policy, and says what was otherwise.
 *
 * Usage: play [--show] PHRASES POLICY PAGE|FOLDER...
 * Exit 0 when all pages are good. --show prints what was sent and read, for who writes a page.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agency/roster.h"
#include "moves.h"
#include "reads.h"

static struct talk talk;
static struct page page;
static const struct page_line *at; /* the line that is played or looked at */
static unsigned faults;
static bool show;

static void wrong(const char *fmt, ...) SAH_PRINTF(1, 2);
static void wrong(const char *fmt, ...)
{
    va_list args;

    faults++;
    printf("%s:%u: %s\n    ", page.path, at->number, at->rest);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
}

static void on_fault(struct talk *t, const char *what)
{
    SAH_UNUSED(t);
    wrong("%s", what);
}

static void print_what_came(void)
{
    for (unsigned i = 0; i < talk.step.n_submits; i++)
        facts_print(&talk.facts[i]);
    for (unsigned i = 0; i < talk.step.n_replies; i++) {
        const struct sah_reply *r = &talk.step.replies[i];

        printf("      read: ");
        for (const char *c = r->body; *c != '\0'; c++)
            printf(*c == '\n' ? "\n            " : "%c", *c);
        for (unsigned b = 0; b < r->n_choices; b++)
            printf("%s[%s]", b == 0 ? "\n            " : " ", r->choices[b].title);
        printf("\n");
    }
    if (talk.step.n_submits == 0 && talk.step.n_replies == 0)
        printf("      nothing sent, nothing to read\n");
}

static void look_sent(unsigned which, const char *rest)
{
    char copy[1200], *list = copy;

    if (strcmp(rest, "nothing") == 0)
        return; /* counted by whoever called */
    if (which >= talk.step.n_submits) {
        wrong("nothing of this was sent");
        return;
    }
    (void)sah_format(copy, sizeof copy, "%s", rest);
    for (char *item = page_item(&list, ","); item != NULL; item = page_item(&list, ",")) {
        bool denied = strncmp(item, "not ", 4) == 0;

        if (facts_have(&talk.facts[which], denied ? item + 4 : item) == denied)
            wrong("what was sent does not say: %s", item);
    }
}

static void look_words(unsigned which, const char *rest)
{
    const struct sah_message *m = which < talk.step.n_submits ? &talk.step.submits[which] : NULL;
    const char *words = "";

    if (m != NULL && m->kind == SAH_KIND_REQUEST)
        words = m->u.request.text;
    else if (m != NULL && m->kind == SAH_KIND_AMENDMENT)
        words = m->u.amendment.part.text;
    else if (m != NULL && m->kind == SAH_KIND_CANCEL)
        words = m->u.cancel.text;
    if (strstr(words, rest) == NULL)
        wrong("the words that were sent are: %s", words);
}

static bool is_read(const char *english)
{
    bool both = talk.c.language[0] == '\0';

    for (unsigned i = 0; i < talk.step.n_replies; i++)
        if (reads_says(talk.texts, talk_language(&talk), &talk.step.replies[i], english) ||
            (both && reads_says(talk.texts, TEXT_TE, &talk.step.replies[i], english)))
            return true;
    return false;
}

static void look_reads(const char *rest)
{
    static const char *const names[] = {[TEXT_TE] = "in Telugu", [TEXT_HI] = "in Hindi", [TEXT_UR] = "in Urdu",
                                        [TEXT_EN] = "in English"};

    if (strcmp(rest, "nothing") == 0) {
        if (talk.step.n_replies > 0)
            wrong("there is something to read");
        return;
    }
    for (size_t i = 0; i < SAH_LEN(names); i++)
        if (strcmp(rest, names[i]) == 0) {
            if (talk.c.language[0] == '\0' || talk_language(&talk) != (enum text_language)i)
                wrong("the citizen is answered in \"%s\"", talk.c.language);
            return;
        }
    if (!reads_known(talk.texts, rest))
        wrong("no text of phrases/replies/en.yaml says so");
    else if (!is_read(rest))
        wrong("the citizen does not read this");
}

static void look_offers(const char *rest)
{
    char copy[600], *list = copy;

    (void)sah_format(copy, sizeof copy, "%s", rest);
    for (char *item = page_item(&list, "|"); item != NULL; item = page_item(&list, "|")) {
        bool found = false;

        for (unsigned i = 0; i < talk.step.n_replies && !found; i++)
            found = reads_choice(talk.texts, talk_language(&talk), &talk.step.replies[i], item) != NULL;
        if (!found)
            wrong("there is no button: %s", item);
    }
}

/* What the page wants nowhere: in nothing sent, read or stored. */
static void look_nowhere(void)
{
    const struct page_line *was = at;

    for (unsigned i = 0; i < page.n; i++) {
        struct sah_buf buf;

        if (page.lines[i].word != PAGE_NOWHERE)
            continue;
        at = &page.lines[i];
        sah_buf_init(&buf, 256 * 1024);
        if (sah_conversation_encode(&talk.c, &buf) != SAH_OK)
            wrong("the conversation cannot be stored");
        for (unsigned s = 0; s < talk.step.n_submits; s++)
            if (talk.step.submits[s].kind == SAH_KIND_REQUEST)
                sah_buf_add_text(&buf, talk.step.submits[s].u.request.text);
            else if (talk.step.submits[s].kind == SAH_KIND_AMENDMENT)
                sah_buf_add_text(&buf, talk.step.submits[s].u.amendment.part.text);
        for (unsigned r = 0; r < talk.step.n_replies; r++)
            sah_buf_add_text(&buf, talk.step.replies[r].body);
        if (buf.data != NULL && strstr(buf.data, at->rest) != NULL)
            wrong("it is there after line %u", was->number);
        sah_buf_fini(&buf);
    }
    at = was;
}

/* The lines behind a move, up to the next one. Returns how many. */
static unsigned look(unsigned first)
{
    unsigned n_sent = 0, n = 0, said_nothing = 0;
    const struct page_line *move = at;

    for (; first + n < page.n && !page_happens(page.lines[first + n].word); n++) {
        at = &page.lines[first + n];
        switch (at->word) {
        case PAGE_SENT:
            look_sent(n_sent, at->rest);
            said_nothing += strcmp(at->rest, "nothing") == 0;
            n_sent++;
            break;
        case PAGE_WORDS:
            look_words(n_sent == 0 ? 0 : n_sent - 1, at->rest);
            break;
        case PAGE_READS:
            look_reads(at->rest);
            break;
        case PAGE_NOT_READ:
            if (!reads_known(talk.texts, at->rest))
                wrong("no text of phrases/replies/en.yaml says so");
            else if (is_read(at->rest))
                wrong("the citizen does read this");
            break;
        case PAGE_OFFERS:
            look_offers(at->rest);
            break;
        default: /* NOWHERE: looked at after each move */
            break;
        }
    }
    at = move;
    if (talk.step.n_submits != n_sent - said_nothing)
        wrong("%u sent, the page says %u", talk.step.n_submits, n_sent - said_nothing);
    look_nowhere();
    return n;
}

static bool play_page(const char *path)
{
    unsigned before = faults;

    if (!page_load(path, &page)) {
        faults++;
        return false;
    }
    if (show)
        printf("\n%s: %s\n", path, page.title);
    talk_begin(&talk);
    for (unsigned i = 0; i < page.n;) {
        unsigned faults_before = faults;

        at = &page.lines[i++];
        if (at->word == PAGE_NOWHERE)
            continue;
        if (!move_play(&talk, at))
            break; /* what follows would be about nothing */
        if (show)
            printf("  %u: %s\n", at->number, at->rest);
        i += look(i);
        if (show || faults > faults_before)
            print_what_came();
    }
    printf("%s %s\n", faults > before ? "wrong:" : "good: ", page.title);
    page_free(&page);
    return faults == before;
}

static int is_page(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot != NULL && strcmp(dot, ".txt") == 0;
}

/* A page, or all pages of a folder by name. */
static void play_path(const char *path, unsigned *n, unsigned *n_good)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_page, alphasort);

    if (count < 0) {
        *n_good += play_page(path);
        ++*n;
    }
    for (int i = 0; i < count; i++) {
        char whole[1024];

        if (sah_format(whole, sizeof whole, "%s/%s", path, entries[i]->d_name) == SAH_OK) {
            *n_good += play_page(whole);
            ++*n;
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    struct sah_fault fault = {0};
    unsigned n = 0, n_good = 0;
    char replies[1024];
    int first = 1;

    if (argc > 1 && strcmp(argv[1], "--show") == 0) {
        show = true;
        first = 2;
    }
    if (argc < first + 3) {
        printf("usage: play [--show] PHRASES POLICY PAGE|FOLDER...\n");
        return 2;
    }
    if (sah_format(replies, sizeof replies, "%s/replies", argv[first]) != SAH_OK ||
        sah_dialog_create(argv[first], &talk.dialog, &fault) != SAH_OK ||
        texts_load(replies, &talk.texts, &fault) != SAH_OK ||
        sah_policy_load(argv[first + 1], &talk.policy, &fault) != SAH_OK) {
        sah_fault_print(&fault, stdout);
        return 2;
    }
    talk.fault = on_fault;
    for (int i = first + 2; i < argc; i++)
        play_path(argv[i], &n, &n_good);
    printf("%u pages, %u good\n", n, n_good);
    sah_dialog_destroy(talk.dialog);
    texts_destroy(talk.texts);
    free(talk.policy);
    return n > 0 && n == n_good ? 0 : 1;
}
