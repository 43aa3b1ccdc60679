/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Date expressions of rules; private to lib/rules.  (spec 40 §3.3, §3.4)
 */
#ifndef RULES_DATES_H
#define RULES_DATES_H

#include "lib/rules/rules.h"

bool date_expression_passes(const xmlNode *expression, const struct rule_context *ctx);
/* Does "now" lie in what a date_spec element asks for? */
bool date_spec_matches(const xmlNode *spec, const struct iso_time *now);
/* 0 new .. 4 full .. 7 */
int date_moon_phase(int year, int yday);

#endif
