<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!--
  After upgrade-2.10.xsl: copies that upgrade-2.10-enter.xsl made and that still say what their original says (ids aside) become
  references again.
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="xml" encoding="UTF-8"/>
<xsl:strip-space elements="*"/>

<xsl:key name="set" match="cluster_property_set[@id] | instance_attributes[@id] | meta_attributes[@id]"
         use="concat(local-name(), ' ', @id)"/>

<xsl:template match="@* | node()">
  <xsl:copy><xsl:apply-templates select="@* | node()"/></xsl:copy>
</xsl:template>

<xsl:template match="cluster_property_set[starts-with(@id, '_cibtr-2_')] | instance_attributes[starts-with(@id, '_cibtr-2_')]
                     | meta_attributes[starts-with(@id, '_cibtr-2_')]">
  <xsl:variable name="name" select="substring-after(@id, '_cibtr-2_')"/>
  <xsl:variable name="original" select="key('set', concat(local-name(), ' ', $name))[1]"/>
  <xsl:variable name="here"><xsl:apply-templates select="." mode="spell"/></xsl:variable>
  <xsl:variable name="there"><xsl:apply-templates select="$original" mode="spell"/></xsl:variable>
  <xsl:copy>
    <xsl:choose>
      <xsl:when test="$original and string($here) = string($there)">
        <xsl:attribute name="id-ref"><xsl:value-of select="$name"/></xsl:attribute>
      </xsl:when>
      <xsl:otherwise><xsl:apply-templates select="@* | node()"/></xsl:otherwise>
    </xsl:choose>
  </xsl:copy>
</xsl:template>

<!-- All that an element says, as text: to be compared. -->
<xsl:template match="*" mode="spell">
  <xsl:value-of select="concat('&lt;', local-name())"/>
  <xsl:for-each select="@*[name() != 'id']">
    <xsl:sort select="name()"/>
    <xsl:value-of select="concat(' ', name(), '=', string-length(), ':', .)"/>
  </xsl:for-each>
  <xsl:text>&gt;</xsl:text>
  <xsl:apply-templates select="* | comment()" mode="spell"/>
  <xsl:text>&lt;/&gt;</xsl:text>
</xsl:template>

<xsl:template match="comment()" mode="spell">
  <xsl:value-of select="concat('&lt;!--', ., '--&gt;')"/>
</xsl:template>
</xsl:stylesheet>
