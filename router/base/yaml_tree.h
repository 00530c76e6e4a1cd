/*
 * yaml_tree - the inside of a YAML document, shared by yaml.c (which makes it) and yaml_read.c.
 */
#ifndef SAHAYA_BASE_YAML_TREE_H
#define SAHAYA_BASE_YAML_TREE_H

#include <sahaya/conf.h>

struct sah_yaml_doc {
    struct sah_yaml *root; /* never NULL in a document that was handed out */
    char *file;
    unsigned nodes;
};

#endif
