/*
 * yaml - makes a tree with line numbers out of YAML text.
 *
 * Owns:    the tree, in one sah_yaml_doc; each node is one allocation with its key and value.
 * Used by: settings, rosters, phrases, rules: every file a person edits.
 * Never:   expands anything. Anchors, aliases and tags are refused, so a small file stays a
 * small tree; depth, nodes and bytes are bounded. A duplicate key is refused: of two answers in
 * one file nobody knows which is meant.
 *
 * A map entry carries the line of its key, a list item and the root their own first line. An
 * empty file (or one of comments only) is an empty map.
 */
#include "yaml_tree.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#define FILE_MAX_BYTES  (4u * 1024 * 1024)
#define DEPTH_MAX       16
#define NODES_MAX       500000u
#define KEY_MAX_BYTES   1024u
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

struct frame {
    struct sah_yaml *node, *last; /* an open list or map and its last child */
    char *key;                    /* a key that waits for its value */
    unsigned key_line;
};

struct build {
    struct sah_yaml_doc *doc;
    struct sah_fault *fault;
    yaml_parser_t parser;
    struct frame frames[DEPTH_MAX];
    unsigned depth; /* open frames */
    unsigned documents;
};

static void free_nodes(struct sah_yaml *node) /* recursion is at most DEPTH_MAX deep */
{
    while (node != NULL) {
        struct sah_yaml *next = node->next;

        free_nodes(node->first);
        free(node);
        node = next;
    }
}

void sah_yaml_destroy(struct sah_yaml_doc *doc)
{
    if (doc == NULL)
        return;
    free_nodes(doc->root);
    free(doc->file);
    free(doc);
}

static int refuse(struct build *b, int code, unsigned line, const char *key, const char *text)
{
    sah_fault_set(b->fault, b->doc->file, line, key, "%s", text);
    return code;
}

static const char *pending_key(const struct build *b)
{
    return b->depth > 0 ? b->frames[b->depth - 1].key : NULL;
}

/* Makes a node and hangs it where the reader stands: below the open list or map, or as root. */
static int add_node(struct build *b, enum sah_yaml_kind kind, struct sah_slice value,
                    unsigned line, struct sah_yaml **ret_node)
{
    struct frame *frame = b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
    const char *key = pending_key(b);
    size_t key_size = key != NULL ? strlen(key) + 1 : 0;
    struct sah_yaml *node;
    char *bytes;

    if (b->doc->nodes >= NODES_MAX)
        return refuse(b, SAH_ELIMIT, line, key, "more than 500000 values; split the file");
    node = calloc(1, sizeof *node + key_size + value.len + 1);
    if (node == NULL)
        return refuse(b, SAH_ENOMEM, line, key, "out of memory");
    b->doc->nodes++;
    bytes = (char *)(node + 1);
    node->kind = kind;
    node->line = line;
    if (key != NULL) {
        node->key = memcpy(bytes, key, key_size);
        node->line = frame->key_line;
        free(frame->key);
        frame->key = NULL;
    }
    if (value.len > 0)
        memcpy(bytes + key_size, value.ptr, value.len);
    node->value = (struct sah_slice){bytes + key_size, value.len};

    if (frame == NULL) {
        b->doc->root = node;
    } else {
        if (frame->last == NULL)
            frame->node->first = node;
        else
            frame->last->next = node;
        frame->last = node;
        frame->node->count++;
    }
    *ret_node = node;
    return SAH_OK;
}

static int on_key(struct build *b, struct frame *frame, struct sah_slice key, unsigned line)
{
    if (key.len == 0)
        return refuse(b, SAH_EINVAL, line, NULL, "a name is missing before ':'");
    if (key.len > KEY_MAX_BYTES)
        return refuse(b, SAH_ELIMIT, line, NULL, "a name is longer than 1024 bytes");
    frame->key = strndup(key.ptr, key.len);
    if (frame->key == NULL)
        return refuse(b, SAH_ENOMEM, line, NULL, "out of memory");
    frame->key_line = line;
    return SAH_OK;
}

static bool wants_key(const struct build *b)
{
    return b->depth > 0 && b->frames[b->depth - 1].node->kind == SAH_YAML_MAP &&
           b->frames[b->depth - 1].key == NULL;
}

static int on_scalar(struct build *b, struct sah_slice value, unsigned line)
{
    struct sah_yaml *node;

    if (value.len > 0 && memchr(value.ptr, '\0', value.len) != NULL)
        return refuse(b, SAH_EINVAL, line, pending_key(b), "holds a NUL character; remove \\0");
    if (wants_key(b))
        return on_key(b, &b->frames[b->depth - 1], value, line);
    return add_node(b, SAH_YAML_SCALAR, value, line, &node);
}

static int on_start(struct build *b, enum sah_yaml_kind kind, unsigned line)
{
    struct sah_yaml *node;
    int rc;

    if (wants_key(b))
        return refuse(b, SAH_EINVAL, line, NULL, "a name must be text, not a list or a map");
    if (b->depth == DEPTH_MAX)
        return refuse(b, SAH_ELIMIT, line, pending_key(b), "nested more than 16 deep");
    rc = add_node(b, kind, SAH_SLICE(""), line, &node);
    if (rc == SAH_OK)
        b->frames[b->depth++] = (struct frame){.node = node};
    return rc;
}

static int by_key_then_line(const void *a, const void *b)
{
    const struct sah_yaml *left = *(const struct sah_yaml *const *)a;
    const struct sah_yaml *right = *(const struct sah_yaml *const *)b;
    int order = strcmp(left->key, right->key);

    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

/* Sorted, because comparing each key with each other is too slow for a file made to be slow. */
static int check_duplicates(struct build *b, const struct sah_yaml *map)
{
    SAH_AUTOFREE const struct sah_yaml **sorted = NULL;
    const struct sah_yaml *first = NULL, *second = NULL;
    size_t n = 0;

    if (map->count < 2)
        return SAH_OK;
    sorted = calloc(map->count, sizeof *sorted);
    if (sorted == NULL)
        return refuse(b, SAH_ENOMEM, map->line, NULL, "out of memory");
    for (const struct sah_yaml *entry = map->first; entry != NULL; entry = entry->next)
        sorted[n++] = entry;
    qsort(sorted, n, sizeof *sorted, by_key_then_line);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0 &&
            (second == NULL || sorted[i]->line < second->line)) {
            first = sorted[i - 1];
            second = sorted[i];
        }
    }
    if (second == NULL)
        return SAH_OK;
    sah_fault_set(b->fault, b->doc->file, second->line, second->key,
                  "is written twice, first on line %u; keep one", first->line);
    return SAH_EINVAL;
}

static int on_end(struct build *b)
{
    const struct sah_yaml *node = b->frames[--b->depth].node;

    return node->kind == SAH_YAML_MAP ? check_duplicates(b, node) : SAH_OK;
}

static int on_document(struct build *b, const yaml_event_t *event, unsigned line)
{
    if (b->documents++ > 0)
        return refuse(b, SAH_EINVAL, line, NULL, "a second document ('---'); write one a file");
    if (event->data.document_start.tag_directives.start !=
        event->data.document_start.tag_directives.end)
        return refuse(b, SAH_EINVAL, line, NULL, "tags are not allowed; remove %TAG");
    return SAH_OK;
}

static int refuse_marks(struct build *b, const yaml_char_t *anchor, const yaml_char_t *tag,
                        unsigned line)
{
    if (anchor != NULL)
        return refuse(
            b, SAH_EINVAL, line, pending_key(b),
            "anchors ('&name') are not allowed; write the value in full, or quote it");
    if (tag != NULL)
        return refuse(b, SAH_EINVAL, line, pending_key(b),
                      "tags ('!name') are not allowed; write the plain value, or quote it");
    return SAH_OK;
}

static int on_event(struct build *b, const yaml_event_t *event)
{
    unsigned line = (unsigned)event->start_mark.line + 1;
    int rc;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(b, event, line);
    case YAML_ALIAS_EVENT:
        return refuse(
            b, SAH_EINVAL, line, pending_key(b),
            "aliases ('*name') are not allowed; write the value in full, or quote it");
    case YAML_SCALAR_EVENT:
        rc = refuse_marks(b, event->data.scalar.anchor, event->data.scalar.tag, line);
        if (rc != SAH_OK)
            return rc;
        return on_scalar(b,
                         (struct sah_slice){(const char *)event->data.scalar.value,
                                            event->data.scalar.length},
                         line);
    case YAML_SEQUENCE_START_EVENT:
        rc = refuse_marks(b, event->data.sequence_start.anchor, event->data.sequence_start.tag,
                          line);
        return rc != SAH_OK ? rc : on_start(b, SAH_YAML_LIST, line);
    case YAML_MAPPING_START_EVENT:
        rc = refuse_marks(b, event->data.mapping_start.anchor, event->data.mapping_start.tag,
                          line);
        return rc != SAH_OK ? rc : on_start(b, SAH_YAML_MAP, line);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return SAH_OK;
}

static unsigned line_of(const char *text, size_t offset)
{
    unsigned line = 1;

    for (size_t i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

/* The reader gave up; say where in its own words. */
static int syntax_fault(struct build *b, const char *text, size_t len)
{
    const yaml_parser_t *p = &b->parser;
    const char *problem = p->problem != NULL ? p->problem : "cannot be read";
    unsigned line = (unsigned)p->problem_mark.line + 1;

    if (p->error == YAML_MEMORY_ERROR)
        return refuse(b, SAH_ENOMEM, 0, NULL, "out of memory");
    if (p->error == YAML_READER_ERROR)
        line = line_of(text, p->problem_offset < len ? p->problem_offset : len);
    if (p->context != NULL)
        sah_fault_set(b->fault, b->doc->file, line, NULL, "YAML syntax: %s, %s (from line %u)",
                      p->context, problem, (unsigned)p->context_mark.line + 1);
    else
        sah_fault_set(b->fault, b->doc->file, line, NULL, "YAML syntax: %s", problem);
    return SAH_EINVAL;
}

static int read_events(struct build *b, const char *text, size_t len)
{
    int rc = SAH_OK;
    bool ended = false;

    if (!yaml_parser_initialize(&b->parser))
        return refuse(b, SAH_ENOMEM, 0, NULL, "out of memory");
    yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b->parser, (const unsigned char *)text, len);
    while (rc == SAH_OK && !ended) {
        yaml_event_t event;

        if (!yaml_parser_parse(&b->parser, &event)) {
            rc = syntax_fault(b, text, len);
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        rc = on_event(b, &event);
        yaml_event_delete(&event);
    }
    for (unsigned i = 0; i < b->depth; i++)
        free(b->frames[i].key);
    yaml_parser_delete(&b->parser);
    return rc;
}

/* No character spans a line feed, so line by line is the same as whole, and tells the line. */
static int check_text(struct build *b, const char *text, size_t len)
{
    unsigned line = 1;

    if (len > FILE_MAX_BYTES)
        return refuse(b, SAH_ELIMIT, 0, NULL, "larger than 4 MiB; split the file");
    for (size_t at = 0; at < len; line++) {
        const char *feed = memchr(text + at, '\n', len - at);
        size_t line_len = feed != NULL ? (size_t)(feed - (text + at)) : len - at;

        if (!sah_utf8_valid(text + at, line_len))
            return refuse(b, SAH_EINVAL, line, NULL, "not UTF-8 text; save the file as UTF-8");
        at += line_len + 1;
    }
    return SAH_OK;
}

int sah_yaml_parse(const char *name, const char *text, size_t len,
                   struct sah_yaml_doc **ret_doc, struct sah_fault *fault)
{
    struct build b = {.fault = fault};
    struct sah_yaml *empty;
    int rc;

    b.doc = calloc(1, sizeof *b.doc);
    if (b.doc != NULL)
        b.doc->file = strdup(name);
    if (b.doc == NULL || b.doc->file == NULL) {
        sah_fault_set(fault, name, 0, NULL, "out of memory");
        rc = SAH_ENOMEM;
        goto fail;
    }
    /* The mark some editors write in front would shift the first line by a column. */
    if (len >= strlen(BYTE_ORDER_MARK) &&
        memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
        text += strlen(BYTE_ORDER_MARK);
        len -= strlen(BYTE_ORDER_MARK);
    }
    rc = check_text(&b, text, len);
    if (rc == SAH_OK)
        rc = read_events(&b, text, len);
    if (rc == SAH_OK && b.doc->root == NULL)
        rc = add_node(&b, SAH_YAML_MAP, SAH_SLICE(""), 1, &empty);
    if (rc != SAH_OK)
        goto fail;
    *ret_doc = b.doc;
    return SAH_OK;

fail:
    sah_yaml_destroy(b.doc);
    return rc;
}

int sah_yaml_load(const char *path, struct sah_yaml_doc **ret_doc, struct sah_fault *fault)
{
    char *text;
    size_t len;
    int rc = sah_read_file(path, FILE_MAX_BYTES, &text, &len);

    if (rc == SAH_ELIMIT)
        sah_fault_set(fault, path, 0, NULL, "larger than 4 MiB; split the file");
    else if (rc == SAH_ENOENT)
        sah_fault_set(fault, path, 0, NULL, "no such file; check the path");
    else if (rc == SAH_EDENIED)
        sah_fault_set(fault, path, 0, NULL, "may not be read by this user; check its rights");
    else if (rc != SAH_OK)
        sah_fault_set(fault, path, 0, NULL, "cannot be read as a file: %s", sah_strerror(rc));
    if (rc != SAH_OK)
        return rc;
    rc = sah_yaml_parse(path, text, len, ret_doc, fault);
    free(text);
    return rc;
}
