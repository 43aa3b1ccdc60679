/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Getting the CIB ready for the scheduler's model.  Called by tools that show or evaluate the status.
 */
#include "lib/output/tool_cib.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/cib/cib_schema.h"

#include <stdio.h>

/* Which schemas the upgrade would have to look at is known from the name alone: the present major version needs none. */
static bool
is_current(const char *schema)
{
    if (schema == NULL) {
        return false;
    }
    return g_str_has_prefix(schema, "pacemaker-3.") || text_equal(schema, "pacemaker-next");
}

int
tool_prepare_cib(xmlNode **cib)
{
    struct cib_schemas *schemas;
    int best = 0;
    int rc;

    if (xml_first(*cib, "status") == NULL) {
        xml_new(*cib, "status");
    }
    if (text_equal(xml_get(*cib, "validate-with"), CIB_SCHEMA_NONE)) {
        fprintf(stderr, "Schema validation of configuration is disabled "
                        "(enabling is encouraged and prevents common misconfigurations)\n");
        return RC_OK;
    }
    if (is_current(xml_get(*cib, "validate-with"))) {
        return RC_OK;
    }
    schemas = cib_schemas_new(NULL);
    rc = cib_schema_upgrade(schemas, cib, NULL, &best);
    if (rc == RC_SCHEMA_UNCHANGED) {
        rc = RC_OK;
    }
    if (rc == RC_OK && best < cib_schema_minimum(schemas)) {
        rc = RC_SCHEMA_VALIDATION;
    }
    cib_schemas_free(schemas);
    return rc;
}
