/*
 * reads - see reads.h.
 */
#include "reads.h"

#include <string.h>

#define VALUE_MAX 160 /* bytes in place of one {placeholder} */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*
 * Does `said` stand in an expansion of the template from here on? With `whole`, the template must be
 * used up; else `said` must.
 */
static bool fits(const char *template, const char *said, bool whole)
{
    if (whole ? *template == '\0' : *said == '\0')
        return true;
    if (*template == '\0' || *said == '\0')
        return whole && *template == '{' && fits(strchr(template, '}') + 1, said, whole);
    if (*template != '{')
        return *template == *said && fits(template + 1, said + 1, whole);
    for (size_t n = 0; n <= VALUE_MAX; n++) {
        if (fits(strchr(template, '}') + 1, said + n, whole))
            return true;
        if (said[n] == '\0' || said[n] == '\n')
            return !whole && said[n] == '\0';
    }
    return false;
}

/* It begins with the value of a {placeholder}; some of the words behind that must be there too. */
static bool fits_value(const char *template, const char *said)
{
    const char *rest = strchr(template, '}') + 1;

    for (size_t n = 1; *rest != '\0' && n <= VALUE_MAX && said[n - 1] != '\0'; n++)
        if (said[n] != '\0' && fits(rest, said + n, false))
            return true;
    return false;
}

/* `said` is a part of the template, from anywhere in it. */
static bool is_part(const char *template, const char *said)
{
    for (const char *at = template; *at != '\0'; at++) {
        if (*at == '{' ? fits_value(at, said) : fits(at, said, false))
            return true;
        if (*at == '{')
            at = strchr(at, '}');
    }
    return false;
}

/* The template, filled somehow, stands somewhere in the body. */
static bool is_in(const char *template, const char *body)
{
    for (const char *at = body; *at != '\0'; at++)
        if (fits(template, at, true))
            return true;
    return false;
}

static bool numbers_are_in(const char *said, const char *body)
{
    while (*said != '\0') {
        size_t n = 0;
        char number[24];

        if (!is_digit(*said)) {
            said++;
            continue;
        }
        while (is_digit(said[n]) && n + 1 < sizeof number) {
            number[n] = said[n];
            n++;
        }
        number[n] = '\0';
        if (strstr(body, number) == NULL)
            return false;
        said += n;
    }
    return true;
}

bool reads_known(const struct texts *texts, const char *english)
{
    for (int id = 0; id < (int)texts_count(texts); id++)
        if (is_part(texts_raw(texts, TEXT_EN, id), english))
            return true;
    return false;
}

bool reads_says(const struct texts *texts, enum text_language language, const struct sah_reply *reply,
                const char *english)
{
    if (language == TEXT_EN)
        return strstr(reply->body, english) != NULL;
    if (!numbers_are_in(english, reply->body))
        return false;
    for (int id = 0; id < (int)texts_count(texts); id++)
        if (is_part(texts_raw(texts, TEXT_EN, id), english) &&
            is_in(texts_raw(texts, language, id), reply->body))
            return true;
    return false;
}

bool reads_asks(const struct texts *texts, enum text_language language, const struct sah_reply *reply)
{
    for (int id = 0; id < (int)texts_count(texts); id++)
        if (strncmp(texts_key(texts, id), "ask.", 4) == 0 &&
            is_in(texts_raw(texts, language, id), reply->body))
            return true;
    return false;
}

const struct sah_choice *reads_choice(const struct texts *texts, enum text_language language,
                                      const struct sah_reply *reply, const char *english)
{
    for (unsigned i = 0; i < reply->n_choices; i++) {
        const struct sah_choice *choice = &reply->choices[i];

        if (strcmp(choice->title, english) == 0)
            return choice;
        for (int id = 0; id < (int)texts_count(texts); id++)
            if (strcmp(texts_raw(texts, TEXT_EN, id), english) == 0 &&
                strcmp(texts_raw(texts, language, id), choice->title) == 0)
                return choice;
    }
    return NULL;
}
