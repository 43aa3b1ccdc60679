<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!--
  Upgrade of a CIB from the last 1.x schema to 2.0: the access control lists in their newer form.  Run by cib_transform.c, and by other
  implementations that find it in the schema directory: members of a cluster may each run it and must get the same bytes.
-->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="xml" encoding="UTF-8"/>
<xsl:strip-space elements="*"/>

<!-- What is not named below stays. -->
<xsl:template match="@* | node()">
  <xsl:copy><xsl:apply-templates select="@* | node()"/></xsl:copy>
</xsl:template>

<xsl:template match="/cib/@validate-with">
  <xsl:attribute name="validate-with">pacemaker-2.0</xsl:attribute>
</xsl:template>

<!-- A user with roles refers to them as before. -->
<xsl:template match="acls/acl_user[role_ref]">
  <acl_target><xsl:apply-templates select="@* | node()"/></acl_target>
</xsl:template>

<xsl:template match="acl_user/role_ref">
  <role><xsl:apply-templates select="@* | node()"/></role>
</xsl:template>

<!-- A user with permissions of its own gets them through a role of its own. -->
<xsl:template match="acls/acl_user[not(role_ref)]">
  <acl_target>
    <xsl:apply-templates select="@*"/>
    <xsl:if test="read | write | deny"><role id="auto-{@id}"/></xsl:if>
  </acl_target>
  <xsl:if test="read | write | deny">
    <acl_role id="auto-{@id}"><xsl:apply-templates select="read | write | deny"/></acl_role>
  </xsl:if>
</xsl:template>

<xsl:template match="acl_role/read | acl_role/write | acl_role/deny | acl_user/read | acl_user/write | acl_user/deny">
  <acl_permission id="{@id}" kind="{local-name()}">
    <xsl:choose>
      <xsl:when test="@ref">
        <xsl:attribute name="reference"><xsl:value-of select="@ref"/></xsl:attribute>
        <xsl:if test="@attribute">
          <xsl:message>WARNING: <xsl:value-of select="concat('permission ', @id)"/>: the attribute '<xsl:value-of select="@attribute"/>' beside a reference has no successor and is dropped: the permission is for the whole element</xsl:message>
        </xsl:if>
      </xsl:when>
      <xsl:when test="@tag">
        <xsl:attribute name="object-type"><xsl:value-of select="@tag"/></xsl:attribute>
        <xsl:copy-of select="@attribute"/>
      </xsl:when>
      <xsl:when test="@attribute">
        <xsl:attribute name="xpath"><xsl:value-of select="concat(@xpath, '[@', @attribute, ']')"/></xsl:attribute>
      </xsl:when>
      <xsl:otherwise><xsl:copy-of select="@xpath"/></xsl:otherwise>
    </xsl:choose>
  </acl_permission>
</xsl:template>
</xsl:stylesheet>
