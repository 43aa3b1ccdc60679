<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!--
  Before upgrade-2.10.xsl: every name/value set that refers to another one becomes a copy of that, so that what the upgrade
  changes reaches those who only refer to it.  upgrade-2.10-leave.xsl turns the copies back.
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="xml" encoding="UTF-8"/>
<xsl:strip-space elements="*"/>

<xsl:key name="set" match="cluster_property_set[@id] | instance_attributes[@id] | meta_attributes[@id]"
         use="concat(local-name(), ' ', @id)"/>

<xsl:template match="@* | node()">
  <xsl:copy><xsl:apply-templates select="@* | node()"/></xsl:copy>
</xsl:template>

<xsl:template match="cluster_property_set[@id-ref] | instance_attributes[@id-ref] | meta_attributes[@id-ref]">
  <xsl:variable name="original" select="key('set', concat(local-name(), ' ', @id-ref))[1]"/>
  <xsl:if test="not($original)">
    <xsl:message terminate="yes">ERROR: <xsl:value-of select="local-name()"/> refers to '<xsl:value-of select="@id-ref"/>', which is no set of that kind: correct the reference before upgrading</xsl:message>
  </xsl:if>
  <xsl:copy>
    <xsl:attribute name="id"><xsl:value-of select="concat('_cibtr-2_', @id-ref)"/></xsl:attribute>
    <xsl:copy-of select="$original/@*[name() != 'id']"/>
    <xsl:apply-templates select="$original/node()" mode="copy">
      <xsl:with-param name="prefix" select="concat('__cibtr-2_', @id-ref, '__')"/>
    </xsl:apply-templates>
  </xsl:copy>
</xsl:template>

<xsl:template match="@* | node()" mode="copy">
  <xsl:param name="prefix"/>
  <xsl:copy>
    <xsl:apply-templates select="@* | node()" mode="copy"><xsl:with-param name="prefix" select="$prefix"/></xsl:apply-templates>
  </xsl:copy>
</xsl:template>

<xsl:template match="@id" mode="copy">
  <xsl:param name="prefix"/>
  <xsl:attribute name="id"><xsl:value-of select="concat($prefix, .)"/></xsl:attribute>
</xsl:template>
</xsl:stylesheet>
