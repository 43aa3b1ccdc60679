## SPDX-License-Identifier: GPL-2.0-or-later
## The grammars of the CIB document are written by generate.py; what is installed are its results.
SCHEMA_FILES = \
	xml/acls-1.2.rng \
	xml/acls-2.0.rng \
	xml/acls-3.8.rng \
	xml/alerts-2.10.rng \
	xml/alerts-2.5.rng \
	xml/alerts-2.9.rng \
	xml/alerts-3.5.rng \
	xml/alerts-3.9.rng \
	xml/constraints-1.0.rng \
	xml/constraints-1.2.rng \
	xml/constraints-2.1.rng \
	xml/constraints-2.2.rng \
	xml/constraints-2.3.rng \
	xml/constraints-2.6.rng \
	xml/constraints-2.9.rng \
	xml/constraints-3.0.rng \
	xml/constraints-3.5.rng \
	xml/constraints-3.6.rng \
	xml/constraints-3.7.rng \
	xml/constraints-3.9.rng \
	xml/constraints-next.rng \
	xml/fencing-1.2.rng \
	xml/fencing-2.4.rng \
	xml/nodes-1.0.rng \
	xml/nodes-1.2.rng \
	xml/nodes-1.3.rng \
	xml/nodes-2.9.rng \
	xml/nodes-3.0.rng \
	xml/nodes-3.4.rng \
	xml/nodes-3.5.rng \
	xml/nodes-3.9.rng \
	xml/nvset-1.0-noref.rng \
	xml/nvset-1.0.rng \
	xml/nvset-2.9-op-meta.rng \
	xml/nvset-2.9-op-params.rng \
	xml/nvset-2.9-property.rng \
	xml/nvset-2.9-rsc-meta.rng \
	xml/nvset-2.9-rsc-params.rng \
	xml/nvset-2.9.rng \
	xml/nvset-3.4-op-meta.rng \
	xml/nvset-3.4-property.rng \
	xml/nvset-3.4-rsc-meta.rng \
	xml/nvset-3.4.rng \
	xml/nvset-3.5-op-meta.rng \
	xml/nvset-3.5-property.rng \
	xml/nvset-3.5-rsc-meta.rng \
	xml/nvset-3.5.rng \
	xml/nvset-3.9-op-meta.rng \
	xml/nvset-3.9-property.rng \
	xml/nvset-3.9-rsc-meta.rng \
	xml/nvset-3.9.rng \
	xml/options-1.0.rng \
	xml/options-3.0.rng \
	xml/options-3.4.rng \
	xml/options-3.5.rng \
	xml/options-3.9.rng \
	xml/pacemaker-1.0.rng \
	xml/pacemaker-1.2.rng \
	xml/pacemaker-1.3.rng \
	xml/pacemaker-2.0.rng \
	xml/pacemaker-2.1.rng \
	xml/pacemaker-2.10.rng \
	xml/pacemaker-2.2.rng \
	xml/pacemaker-2.3.rng \
	xml/pacemaker-2.4.rng \
	xml/pacemaker-2.5.rng \
	xml/pacemaker-2.6.rng \
	xml/pacemaker-2.7.rng \
	xml/pacemaker-2.8.rng \
	xml/pacemaker-2.9.rng \
	xml/pacemaker-3.0.rng \
	xml/pacemaker-3.1.rng \
	xml/pacemaker-3.2.rng \
	xml/pacemaker-3.3.rng \
	xml/pacemaker-3.4.rng \
	xml/pacemaker-3.5.rng \
	xml/pacemaker-3.6.rng \
	xml/pacemaker-3.7.rng \
	xml/pacemaker-3.8.rng \
	xml/pacemaker-3.9.rng \
	xml/pacemaker-next.rng \
	xml/pacemaker.rng \
	xml/resources-1.0.rng \
	xml/resources-1.2.rng \
	xml/resources-1.3.rng \
	xml/resources-2.10.rng \
	xml/resources-2.7.rng \
	xml/resources-2.8.rng \
	xml/resources-2.9.rng \
	xml/resources-3.0.rng \
	xml/resources-3.1.rng \
	xml/resources-3.2.rng \
	xml/resources-3.4.rng \
	xml/resources-3.5.rng \
	xml/resources-3.7.rng \
	xml/resources-3.9.rng \
	xml/rule-1.0.rng \
	xml/rule-2.9.rng \
	xml/rule-3.4.rng \
	xml/rule-3.5.rng \
	xml/rule-3.9.rng \
	xml/status-1.0.rng \
	xml/tags-1.3.rng \
	xml/tags-3.3.rng \
	xml/versions.rng

schemadatadir = $(schemadir)
schemadata_DATA = $(SCHEMA_FILES)
dist_schemadata_DATA = xml/upgrade-1.3.xsl xml/upgrade-2.10.xsl xml/upgrade-2.10-enter.xsl xml/upgrade-2.10-leave.xsl
CLEANFILES += $(SCHEMA_FILES) xml/schemas.stamp

xml/schemas.stamp: $(srcdir)/xml/generate.py
	$(AM_V_GEN)$(MKDIR_P) xml && $(PYTHON) $(srcdir)/xml/generate.py xml && touch $@
$(SCHEMA_FILES): xml/schemas.stamp
	@test -f $@ || { rm -f xml/schemas.stamp; $(MAKE) $(AM_MAKEFLAGS) xml/schemas.stamp; }

TESTS += xml/tests/test-schemas.py
dist_check_SCRIPTS += xml/tests/test-schemas.py

apidir = $(schemadir)/api
dist_api_DATA = xml/result.schema.json
