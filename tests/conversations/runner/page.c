/*
 * page - see page.h. A line is "Word: the rest"; the first line of the page is its story, lines that
 * begin with '#' and empty ones say nothing.
 */
#include "page.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
#define X(name, word) word,
    PAGE_WORDS(X)
#undef X
};

static char *trim(char *text)
{
    size_t len;

    while (*text == ' ' || *text == '\t')
        text++;
    len = strlen(text);
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
        text[--len] = '\0';
    return text;
}

char *page_item(char **list, const char *between)
{
    char *item = *list, *end;

    if (item == NULL || *item == '\0')
        return NULL;
    end = strstr(item, between);
    if (end != NULL) {
        *end = '\0';
        *list = end + strlen(between);
    } else {
        *list = NULL;
    }
    return trim(item);
}

static bool take_line(struct page *page, unsigned number, char *text)
{
    for (unsigned w = 0; w < PAGE_N_WORDS; w++) {
        size_t len = strlen(words[w]);

        if (strncmp(text, words[w], len) != 0 || text[len] != ':')
            continue;
        if (page->n == PAGE_LINES_MAX) {
            printf("%s:%u: the page is too long\n", page->path, number);
            return false;
        }
        page->lines[page->n++] = (struct page_line){number, (enum page_word)w, trim(text + len + 1)};
        return true;
    }
    printf("%s:%u: no line begins like this: %s\n", page->path, number, text);
    return false;
}

bool page_load(const char *path, struct page *ret_page)
{
    unsigned number = 0;
    bool good = true;
    char *at, *next;
    size_t len;

    memset(ret_page, 0, sizeof *ret_page);
    ret_page->path = path;
    if (sah_read_file(path, PAGE_BYTES_MAX, &ret_page->text, &len) != SAH_OK) {
        printf("%s: cannot be read, or is longer than %d bytes\n", path, PAGE_BYTES_MAX);
        return false;
    }
    for (at = ret_page->text; at != NULL && *at != '\0'; at = next) {
        next = strchr(at, '\n');
        if (next != NULL)
            *next++ = '\0';
        number++;
        at = trim(at);
        if (*at == '\0' || *at == '#')
            continue;
        if (ret_page->title == NULL)
            ret_page->title = at;
        else
            good = take_line(ret_page, number, at) && good;
    }
    for (unsigned i = 0; good && i <= ret_page->n; i++) {
        if (i < ret_page->n && page_happens(ret_page->lines[i].word))
            break;
        if (i < ret_page->n && ret_page->lines[i].word == PAGE_NOWHERE)
            continue; /* of the page as a whole */
        printf("%s: nothing happens before something is seen\n", path);
        good = false;
    }
    if (!good)
        page_free(ret_page);
    return good;
}

void page_free(struct page *page)
{
    free(page->text);
    memset(page, 0, sizeof *page);
}
