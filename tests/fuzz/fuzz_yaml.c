/*
 * fuzz_yaml - any bytes as a YAML file: refused with a fault that says something, or a tree
 * that keeps its promises.
 */
#include <sahaya/conf.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_node(const struct sah_yaml *node, bool in_map, unsigned depth)
{
    unsigned count = 0;

    SAH_ASSERT(depth <= 17); /* 16 lists or maps and a scalar */
    SAH_ASSERT(node->line >= 1);
    SAH_ASSERT((node->key != NULL) == in_map);
    SAH_ASSERT(strlen(node->value.ptr) == node->value.len);
    SAH_ASSERT(sah_utf8_valid(node->value.ptr, node->value.len));
    SAH_ASSERT(node->kind != SAH_YAML_SCALAR || node->first == NULL);
    for (const struct sah_yaml *child = node->first; child != NULL; child = child->next) {
        check_node(child, node->kind == SAH_YAML_MAP, depth + 1);
        count++;
    }
    SAH_ASSERT(node->count == count);
}

static void read_typed(const struct sah_yaml_doc *doc)
{
    static const char *const allowed[] = {"name", "number", "flag", "list", NULL};
    const struct sah_yaml *root = sah_yaml_root(doc);
    struct sah_fault fault = {0};
    char text[16];
    int64_t number = -1;
    bool flag;

    if (sah_yaml_only(doc, root, allowed, &fault) != SAH_OK)
        SAH_ASSERT(fault.text[0] != '\0');
    if (sah_yaml_text(doc, root, "name", true, text, sizeof text, &fault) == SAH_OK)
        SAH_ASSERT(strlen(text) < sizeof text && text[0] != '\0');
    if (sah_yaml_number(doc, root, "number", true, 0, 100, &number, &fault) == SAH_OK)
        SAH_ASSERT(number >= 0 && number <= 100);
    if (sah_yaml_bool(doc, root, "flag", true, &flag, &fault) != SAH_OK)
        SAH_ASSERT(strcmp(fault.key, "flag") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sah_yaml_doc *doc = NULL;
    struct sah_fault fault = {0};
    int rc = sah_yaml_parse("fuzz.yaml", (const char *)data, size, &doc, &fault);

    if (rc != SAH_OK) {
        SAH_ASSERT(doc == NULL && fault.text[0] != '\0');
        SAH_ASSERT(sah_utf8_valid(fault.key, strlen(fault.key)));
        return 0;
    }
    check_node(sah_yaml_root(doc), false, 1);
    read_typed(doc);
    sah_yaml_destroy(doc);
    return 0;
}
