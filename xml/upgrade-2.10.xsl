<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!--
  Upgrade of a CIB from the last 2.x schema to 3.0: names that were given up are replaced, moved or dropped.  Run by cib_transform.c, and by
  other implementations that find it in the schema directory: members of a cluster may each run it and must get the same bytes.
  Where that meant to keep what earlier releases do although it looks odd, a comment says "as ever".

  Messages begin with their severity.
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="xml" encoding="UTF-8"/>
<xsl:strip-space elements="*"/>

<!-- === tables: names between bars === -->

<xsl:variable name="underscored" select="'|cluster_recheck_interval|dc_deadtime|election_timeout|no_quorum_policy|remove_after_stop|shutdown_escalation|startup_fencing|stonith_action|stonith_enabled|stop_orphan_actions|stop_orphan_resources|symmetric_cluster|'"/>
<xsl:variable name="given-up" select="'|default-migration-threshold|default_migration_threshold|expected-quorum-votes|notification-agent|notification-recipient|'"/>
<xsl:variable name="old-stacks" select="'|heartbeat|openais|classic openais|classic openais (with plugin)|cman|'"/>
<xsl:variable name="to-timeout" select="'|default-action-timeout|default_action_timeout|'"/>
<xsl:variable name="to-stickiness" select="'|default-resource-stickiness|default_resource_stickiness|'"/>
<xsl:variable name="to-managed" select="'|is-managed-default|is_managed_default|'"/>
<xsl:variable name="to-threshold" select="'|default-resource-failure-stickiness|default_resource_failure_stickiness|'"/>

<xsl:variable name="isolation" select="'|isolation|isolation-host|isolation-instance|isolation-wrapper|'"/>
<xsl:variable name="failure-stickiness" select="'|resource-failure-stickiness|resource_failure_stickiness|'"/>
<xsl:variable name="fence-commands" select="'|pcmk_list_cmd|pcmk_monitor_cmd|pcmk_off_cmd|pcmk_on_cmd|pcmk_reboot_cmd|pcmk_status_cmd|'"/>
<!-- options of an operation that once could be given as its instance attributes -->
<xsl:variable name="op-options" select="'|interval-origin|start-delay|enabled|on-fail|record-pending|role|timeout|'"/>

<!-- Properties that became defaults; those in sets with a rule are lost, as ever. -->
<xsl:variable name="plain-properties" select="/cib/configuration/crm_config/cluster_property_set[not(rule)]/nvpair"/>
<xsl:variable name="new-op-defaults" select="$plain-properties[contains($to-timeout, concat('|', @name, '|'))]"/>
<xsl:variable name="new-rsc-defaults"
              select="$plain-properties[contains($to-stickiness, concat('|', @name, '|')) or contains($to-managed, concat('|', @name, '|'))
                                        or (contains($to-threshold, concat('|', @name, '|')) and @value = '-INFINITY')]"/>

<!-- === what stays === -->

<xsl:template match="@* | node()">
  <xsl:copy><xsl:apply-templates select="@* | node()"/></xsl:copy>
</xsl:template>

<xsl:template match="/cib/@validate-with">
  <xsl:attribute name="validate-with">pacemaker-3.0</xsl:attribute>
</xsl:template>

<!-- Comments directly before an nvpair go where it goes. -->
<xsl:template name="comments">
  <xsl:variable name="me" select="generate-id()"/>
  <xsl:copy-of select="preceding-sibling::comment()[generate-id(following-sibling::*[1]) = $me]"/>
</xsl:template>

<!-- The context nvpair with another name, and another value if one is given and it has one. -->
<xsl:template name="renamed">
  <xsl:param name="name"/>
  <xsl:param name="value" select="@value"/>
  <xsl:call-template name="comments"/>
  <xsl:copy>
    <xsl:for-each select="@*">
      <xsl:choose>
        <xsl:when test="name() = 'name'"><xsl:attribute name="name"><xsl:value-of select="$name"/></xsl:attribute></xsl:when>
        <xsl:when test="name() = 'value'"><xsl:attribute name="value"><xsl:value-of select="$value"/></xsl:attribute></xsl:when>
        <xsl:otherwise><xsl:copy/></xsl:otherwise>
      </xsl:choose>
    </xsl:for-each>
    <xsl:copy-of select="node()"/>
  </xsl:copy>
</xsl:template>

<xsl:template name="unchanged">
  <xsl:call-template name="comments"/>
  <xsl:copy-of select="."/>
</xsl:template>

<xsl:template name="tell-renamed">
  <xsl:param name="name"/>
  <xsl:message>DEBUG: <xsl:value-of select="concat(local-name(..), ' ', ../@id, ': ', @name, ' is now ', $name)"/></xsl:message>
</xsl:template>

<xsl:template name="tell-dropped">
  <xsl:param name="advice"/>
  <xsl:message>INFO: <xsl:value-of select="concat(local-name(..), ' ', ../@id, ': ', @name, '=', @value, ' is dropped', $advice)"/></xsl:message>
</xsl:template>

<!-- === nodes, colocations === -->

<xsl:template match="nodes/node/@type[. = 'normal']">
  <xsl:attribute name="type">member</xsl:attribute>
</xsl:template>

<xsl:template match="rsc_colocation/@score-attribute | rsc_colocation/@score-attribute-mangle">
  <xsl:message>INFO: <xsl:value-of select="concat('rsc_colocation ', ../@id, ': ', name(), '=', .)"/> is dropped, it never had an effect</xsl:message>
</xsl:template>

<!-- === cluster properties === -->

<!-- "=" and what the context nvpair is called now; empty if it leaves the set. -->
<xsl:template name="property-name">
  <xsl:variable name="key" select="concat('|', @name, '|')"/>
  <xsl:choose>
    <xsl:when test="@name = 'cluster-infrastructure' and contains($old-stacks, concat('|', @value, '|'))"/>
    <xsl:when test="contains($given-up, $key) or contains($to-timeout, $key) or contains($to-stickiness, $key) or contains($to-managed, $key)
                    or contains($to-threshold, $key)"/>
    <xsl:when test="contains($underscored, $key)"><xsl:value-of select="concat('=', translate(@name, '_', '-'))"/></xsl:when>
    <xsl:when test="@name = 'transition_idle_timeout'">=cluster-delay</xsl:when>
    <xsl:otherwise><xsl:value-of select="concat('=', @name)"/></xsl:otherwise>
  </xsl:choose>
</xsl:template>

<xsl:template match="crm_config/cluster_property_set">
  <xsl:variable name="kept"><xsl:for-each select="nvpair"><xsl:call-template name="property-name"/></xsl:for-each></xsl:variable>
  <xsl:if test="string($kept) != ''">
    <xsl:copy>
      <xsl:copy-of select="@*"/>
      <xsl:apply-templates select="rule | nvpair"/>
    </xsl:copy>
  </xsl:if>
  <xsl:if test="string($kept) = ''"><xsl:apply-templates select="nvpair" mode="leaving"/></xsl:if>
</xsl:template>

<xsl:template match="cluster_property_set/nvpair">
  <xsl:variable name="name"><xsl:call-template name="property-name"/></xsl:variable>
  <xsl:choose>
    <xsl:when test="$name = ''"><xsl:apply-templates select="." mode="leaving"/></xsl:when>
    <xsl:when test="$name = concat('=', @name)"><xsl:call-template name="unchanged"/></xsl:when>
    <xsl:otherwise>
      <xsl:call-template name="tell-renamed"><xsl:with-param name="name" select="substring($name, 2)"/></xsl:call-template>
      <xsl:call-template name="renamed"><xsl:with-param name="name" select="substring($name, 2)"/></xsl:call-template>
    </xsl:otherwise>
  </xsl:choose>
</xsl:template>

<!-- Says what becomes of a property that leaves its set. -->
<xsl:template match="cluster_property_set/nvpair" mode="leaving">
  <xsl:variable name="key" select="concat('|', @name, '|')"/>
  <xsl:choose>
    <xsl:when test="@name = 'cluster-infrastructure'">
      <xsl:call-template name="tell-dropped"><xsl:with-param name="advice">: only Corosync is supported</xsl:with-param></xsl:call-template>
    </xsl:when>
    <xsl:when test="contains($given-up, $key) or (contains($to-threshold, $key) and not(@value = '-INFINITY'))">
      <xsl:call-template name="tell-dropped"><xsl:with-param name="advice">: migration-threshold in rsc_defaults, or alerts, do this now</xsl:with-param></xsl:call-template>
    </xsl:when>
    <xsl:when test="../rule">
      <xsl:call-template name="tell-dropped"><xsl:with-param name="advice">: set it in op_defaults or rsc_defaults under that rule</xsl:with-param></xsl:call-template>
    </xsl:when>
    <xsl:otherwise>
      <xsl:message>DEBUG: <xsl:value-of select="concat('cluster_property_set ', ../@id, ': ', @name)"/> moves to the defaults unless they have it</xsl:message>
    </xsl:otherwise>
  </xsl:choose>
</xsl:template>

<!-- === defaults === -->

<!-- New defaults, except names that the section has in a set without rule. -->
<xsl:template name="add-op-defaults">
  <xsl:for-each select="$new-op-defaults[not(/cib/configuration/op_defaults/meta_attributes[not(rule)]/nvpair/@name = 'timeout')]">
    <xsl:call-template name="renamed"><xsl:with-param name="name">timeout</xsl:with-param></xsl:call-template>
  </xsl:for-each>
</xsl:template>

<xsl:template name="add-rsc-defaults">
  <xsl:variable name="there" select="/cib/configuration/rsc_defaults/meta_attributes[not(rule)]/nvpair/@name"/>
  <xsl:for-each select="$new-rsc-defaults">
    <xsl:variable name="key" select="concat('|', @name, '|')"/>
    <xsl:choose>
      <xsl:when test="contains($to-stickiness, $key)">
        <xsl:if test="not($there = 'resource-stickiness')">
          <xsl:call-template name="renamed"><xsl:with-param name="name">resource-stickiness</xsl:with-param></xsl:call-template>
        </xsl:if>
      </xsl:when>
      <xsl:when test="contains($to-managed, $key)">
        <xsl:if test="not($there = 'is-managed')">
          <xsl:call-template name="renamed"><xsl:with-param name="name">is-managed</xsl:with-param></xsl:call-template>
        </xsl:if>
      </xsl:when>
      <xsl:when test="not($there = 'migration-threshold')">
        <xsl:call-template name="renamed">
          <xsl:with-param name="name">migration-threshold</xsl:with-param>
          <xsl:with-param name="value">1</xsl:with-param>
        </xsl:call-template>
      </xsl:when>
    </xsl:choose>
  </xsl:for-each>
</xsl:template>

<!-- Into the first set without rule; a section without one does not get them, as ever. -->
<xsl:template match="op_defaults/meta_attributes[not(rule) and not(preceding-sibling::meta_attributes[not(rule)])]">
  <xsl:copy>
    <xsl:copy-of select="@* | node()"/>
    <xsl:call-template name="add-op-defaults"/>
  </xsl:copy>
</xsl:template>

<xsl:template match="rsc_defaults/meta_attributes[not(rule) and not(preceding-sibling::meta_attributes[not(rule)])]">
  <xsl:copy>
    <xsl:copy-of select="@* | node()"/>
    <xsl:call-template name="add-rsc-defaults"/>
  </xsl:copy>
</xsl:template>

<xsl:template match="/cib/configuration">
  <xsl:copy>
    <xsl:apply-templates select="@* | node()"/>
    <xsl:if test="not(op_defaults) and $new-op-defaults">
      <op_defaults><meta_attributes id="_2TO3_-op-defaults"><xsl:call-template name="add-op-defaults"/></meta_attributes></op_defaults>
    </xsl:if>
    <xsl:if test="not(rsc_defaults) and $new-rsc-defaults">
      <rsc_defaults><meta_attributes id="_2TO3_-rsc-defaults"><xsl:call-template name="add-rsc-defaults"/></meta_attributes></rsc_defaults>
    </xsl:if>
  </xsl:copy>
</xsl:template>

<!-- === sets of primitives and templates === -->

<!-- What the context nvpair of a resource's set is called now; empty if it is dropped. -->
<xsl:template name="resource-name">
  <xsl:variable name="key" select="concat('|', @name, '|')"/>
  <xsl:choose>
    <xsl:when test="parent::instance_attributes">
      <xsl:choose>
        <xsl:when test="contains($fence-commands, $key)"><xsl:value-of select="concat(substring-before(@name, '_cmd'), '_action')"/></xsl:when>
        <xsl:when test="@name = 'pcmk_arg_map'">
          <xsl:if test="starts-with(@value, 'port:') and not(contains(@value, ','))">pcmk_host_argument</xsl:if>
        </xsl:when>
        <xsl:otherwise>=</xsl:otherwise>
      </xsl:choose>
    </xsl:when>
    <xsl:when test="contains($failure-stickiness, $key)">
      <xsl:if test="@value = '-INFINITY'"><xsl:call-template name="place"><xsl:with-param name="name">migration-threshold</xsl:with-param></xsl:call-template></xsl:if>
    </xsl:when>
    <xsl:when test="contains($isolation, $key)">
      <xsl:call-template name="place"><xsl:with-param name="name">target-role</xsl:with-param></xsl:call-template>
    </xsl:when>
    <xsl:otherwise>=</xsl:otherwise>
  </xsl:choose>
</xsl:template>

<!--
  A meta attribute that gets another name: in a set with a rule it gives way to a later set without one that yields the
  same name; in a set without rule nothing but dropped ones may stand before it, as ever.
-->
<xsl:template name="place">
  <xsl:param name="name"/>
  <xsl:variable name="later" select="../following-sibling::meta_attributes[not(rule)]/nvpair"/>
  <xsl:choose>
    <xsl:when test="not(../rule)">
      <xsl:if test="not(preceding-sibling::nvpair[not(contains($failure-stickiness, concat('|', @name, '|'))) or @value = '-INFINITY'])">
        <xsl:value-of select="$name"/>
      </xsl:if>
    </xsl:when>
    <xsl:when test="$name = 'target-role'">
      <xsl:if test="not($later[contains($isolation, concat('|', @name, '|'))])"><xsl:value-of select="$name"/></xsl:if>
    </xsl:when>
    <xsl:when test="not($later[contains($failure-stickiness, concat('|', @name, '|')) and @value = '-INFINITY'])">
      <xsl:value-of select="$name"/>
    </xsl:when>
  </xsl:choose>
</xsl:template>

<xsl:template match="primitive/meta_attributes | primitive/instance_attributes | template/meta_attributes | template/instance_attributes">
  <xsl:variable name="kept"><xsl:for-each select="nvpair"><xsl:call-template name="resource-name"/></xsl:for-each></xsl:variable>
  <xsl:choose>
    <xsl:when test="string($kept) != '' or (comment() and not(rule))">
      <xsl:copy>
        <xsl:copy-of select="@*"/>
        <!-- comments stand where they stood and once more before their nvpair, as ever -->
        <xsl:apply-templates select="node()"/>
      </xsl:copy>
    </xsl:when>
    <xsl:otherwise><xsl:variable name="only-messages"><xsl:apply-templates select="nvpair"/></xsl:variable></xsl:otherwise>
  </xsl:choose>
</xsl:template>

<xsl:template match="primitive/*/nvpair | template/*/nvpair">
  <xsl:variable name="name"><xsl:call-template name="resource-name"/></xsl:variable>
  <xsl:choose>
    <xsl:when test="$name = '='"><xsl:call-template name="unchanged"/></xsl:when>
    <xsl:when test="$name = ''"><xsl:call-template name="tell-dropped"/></xsl:when>
    <xsl:when test="$name = 'target-role'">
      <xsl:message>WARNING: resource <xsl:value-of select="concat(../../@id, ': ', @name)"/> is no longer supported, so target-role=Stopped disables the resource: make it a bundle</xsl:message>
      <xsl:call-template name="renamed">
        <xsl:with-param name="name" select="$name"/>
        <xsl:with-param name="value">Stopped</xsl:with-param>
      </xsl:call-template>
    </xsl:when>
    <xsl:otherwise>
      <xsl:call-template name="tell-renamed"><xsl:with-param name="name" select="$name"/></xsl:call-template>
      <xsl:call-template name="renamed">
        <xsl:with-param name="name" select="$name"/>
        <xsl:with-param name="value">
          <xsl:choose>
            <xsl:when test="$name = 'migration-threshold'">1</xsl:when>
            <xsl:when test="$name = 'pcmk_host_argument'"><xsl:value-of select="substring-after(@value, 'port:')"/></xsl:when>
            <xsl:otherwise><xsl:value-of select="@value"/></xsl:otherwise>
          </xsl:choose>
        </xsl:with-param>
      </xsl:call-template>
    </xsl:otherwise>
  </xsl:choose>
</xsl:template>

<xsl:template match="primitive/utilization | template/utilization" priority="1">
  <xsl:copy-of select="."/>
</xsl:template>

<!-- === operations === -->

<!--
  An operation's instance attributes that are options of it become its meta attributes: in its first set without rule, or in a
  new one at the end; from sets with a rule each in a new one with that rule.  Not if the resource has the option itself;
  and not if a later set without rule of the operation gives it.
-->
<xsl:template name="moves-to-meta">
  <xsl:variable name="name" select="@name"/>
  <xsl:if test="contains($op-options, concat('|', $name, '|'))
                and not(../../../../meta_attributes[not(rule)]/nvpair/@name = $name)
                and not(../following-sibling::instance_attributes[not(rule)]/nvpair/@name = $name)">yes</xsl:if>
</xsl:template>

<xsl:template name="moved-options">
  <xsl:for-each select="instance_attributes[not(rule)]/nvpair">
    <xsl:variable name="moves"><xsl:call-template name="moves-to-meta"/></xsl:variable>
    <xsl:if test="$moves = 'yes'">
      <xsl:message>DEBUG: <xsl:value-of select="concat('op ', ../../@id, ': ', @name)"/> is now a meta attribute</xsl:message>
      <xsl:call-template name="unchanged"/>
    </xsl:if>
  </xsl:for-each>
</xsl:template>

<xsl:template match="primitive/operations/op | template/operations/op">
  <xsl:variable name="options"><xsl:call-template name="moved-options"/></xsl:variable>
  <xsl:variable name="moved">
    <xsl:for-each select="instance_attributes[not(rule)]/nvpair"><xsl:call-template name="moves-to-meta"/></xsl:for-each>
  </xsl:variable>
  <xsl:if test="@requires and not(@name = 'start' or @name = 'promote')">
    <xsl:message>INFO: <xsl:value-of select="concat('op ', @id, ': requires=', @requires)"/> is dropped, it has an effect on start and promote only</xsl:message>
  </xsl:if>
  <xsl:copy>
    <xsl:copy-of select="@*[name() != 'requires']"/>
    <xsl:apply-templates select="node()">
      <xsl:with-param name="options" select="$options"/>
      <xsl:with-param name="moved" select="string($moved)"/>
    </xsl:apply-templates>
    <xsl:if test="string($moved) != '' and not(meta_attributes[not(rule)])">
      <meta_attributes id="_2TO3_{@id}-meta"><xsl:copy-of select="$options"/></meta_attributes>
    </xsl:if>
    <xsl:apply-templates select="instance_attributes[rule]" mode="to-meta"/>
  </xsl:copy>
</xsl:template>

<xsl:template match="op/instance_attributes[rule]" mode="to-meta">
  <xsl:variable name="moved"><xsl:for-each select="nvpair"><xsl:call-template name="moves-to-meta"/></xsl:for-each></xsl:variable>
  <xsl:if test="string($moved) != ''">
    <meta_attributes>
      <xsl:copy-of select="@*[name() != 'id']"/>
      <xsl:attribute name="id"><xsl:value-of select="concat('_2TO3_', @id)"/></xsl:attribute>
      <xsl:copy-of select="node()[not(self::nvpair)]"/>
      <xsl:for-each select="nvpair">
        <xsl:variable name="moves"><xsl:call-template name="moves-to-meta"/></xsl:variable>
        <xsl:if test="$moves = 'yes'"><xsl:call-template name="unchanged"/></xsl:if>
      </xsl:for-each>
    </meta_attributes>
  </xsl:if>
</xsl:template>

<xsl:template match="op/instance_attributes">
  <xsl:variable name="kept" select="nvpair[not(@name = 'requires') and not(contains($op-options, concat('|', @name, '|')))]"/>
  <xsl:if test="$kept">
    <xsl:copy>
      <xsl:copy-of select="@*"/>
      <xsl:for-each select="rule | $kept"><xsl:call-template name="unchanged-in-op"/></xsl:for-each>
    </xsl:copy>
  </xsl:if>
</xsl:template>

<xsl:template match="op/meta_attributes">
  <xsl:param name="options"/>
  <xsl:param name="moved"/>
  <xsl:variable name="kept" select="nvpair[not(@name = 'requires')]"/>
  <xsl:variable name="takes" select="$moved != '' and not(rule) and not(preceding-sibling::meta_attributes[not(rule)])"/>
  <xsl:if test="$kept or $takes">
    <xsl:copy>
      <xsl:copy-of select="@*"/>
      <xsl:for-each select="rule | $kept"><xsl:call-template name="unchanged-in-op"/></xsl:for-each>
      <xsl:if test="$takes"><xsl:copy-of select="$options"/></xsl:if>
    </xsl:copy>
  </xsl:if>
</xsl:template>

<xsl:template name="unchanged-in-op">
  <xsl:if test="self::nvpair"><xsl:call-template name="comments"/></xsl:if>
  <xsl:copy-of select="."/>
</xsl:template>

<!-- === requires: from start and promote to the resource === -->

<!--
  From the attribute of an operation, else from its meta attributes, else from its instance attributes; the last one wins, those in
  sets with a rule come along if nothing without rule follows.
-->
<xsl:template match="primitive | template">
  <xsl:variable name="ops" select="operations/op[@name = 'start' or @name = 'promote']"/>
  <xsl:variable name="by-attribute" select="$ops[@requires][last()]"/>
  <xsl:copy>
    <xsl:apply-templates select="@* | node()"/>
    <xsl:choose>
      <xsl:when test="meta_attributes[not(rule)]/nvpair/@name = 'requires'"/>
      <xsl:when test="$by-attribute">
        <xsl:message>DEBUG: <xsl:value-of select="concat('op ', $by-attribute/@id)"/>: requires is now a meta attribute of the resource</xsl:message>
        <meta_attributes id="_2TO3_{@id}-meta">
          <nvpair id="_2TO3_{$by-attribute/@id}-meta-requires" name="requires" value="{$by-attribute/@requires}"/>
        </meta_attributes>
      </xsl:when>
      <xsl:otherwise>
        <xsl:apply-templates select="$ops/meta_attributes[nvpair/@name = 'requires'] | $ops/instance_attributes[nvpair/@name = 'requires']"
                             mode="requires">
          <xsl:with-param name="in-meta" select="$ops/meta_attributes[not(rule)][nvpair/@name = 'requires'][last()]"/>
        </xsl:apply-templates>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:copy>
</xsl:template>

<xsl:template match="*" mode="requires">
  <xsl:param name="in-meta"/>
  <xsl:variable name="kind" select="local-name()"/>
  <xsl:variable name="later" select="(following-sibling::* | ../following-sibling::op[@name = 'start' or @name = 'promote']/*)
                                     [local-name() = $kind and not(rule) and nvpair/@name = 'requires']"/>
  <xsl:if test="not($later) and (self::meta_attributes or not($in-meta))">
    <xsl:message>DEBUG: <xsl:value-of select="concat(local-name(), ' ', @id)"/>: requires is now a meta attribute of the resource</xsl:message>
    <meta_attributes>
      <xsl:copy-of select="@*[name() != 'id']"/>
      <xsl:attribute name="id"><xsl:value-of select="concat('_2TO3_', @id)"/></xsl:attribute>
      <xsl:copy-of select="node()[not(self::nvpair)]"/>
      <xsl:copy-of select="nvpair[@name = 'requires']"/>
    </meta_attributes>
  </xsl:if>
</xsl:template>
</xsl:stylesheet>
