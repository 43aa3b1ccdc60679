/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Logging over libqb: detail file, syslog, stderr, blackbox.  Used by everybody; cores may log too (that is
 * the one effect they have besides their queue).  A line that operators see says who, what, to whom, why.
 * (spec 10 §10)
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <qb/qblog.h>
#include <stdbool.h>
#include <syslog.h>

#define log_crit(fmt, args...)   qb_log(LOG_CRIT, fmt, ##args)
#define log_err(fmt, args...)    qb_log(LOG_ERR, fmt, ##args)
#define log_warn(fmt, args...)   qb_log(LOG_WARNING, fmt, ##args)
#define log_notice(fmt, args...) qb_log(LOG_NOTICE, fmt, ##args)
#define log_info(fmt, args...)   qb_log(LOG_INFO, fmt, ##args)
#define log_debug(fmt, args...)  qb_log(LOG_DEBUG, fmt, ##args)
#define log_trace(fmt, args...)  qb_log(LOG_TRACE, fmt, ##args)
/* Text after this marker is "extended information": in the file, never in syslog. */
#define LOG_XT " " QB_XS " "

/* Which program logs: decides the defaults of spec 10 §10. */
enum log_kind { LOG_KIND_DAEMON, LOG_KIND_TOOL };

/*
 * Set logging up once for this process from the environment (PCMK_logfile, PCMK_logfacility, ...).
 * `name` is the ident and is kept (copied); `verbosity` counts -V options.
 */
void log_init(const char *name, enum log_kind kind, unsigned verbosity);
/* Re-read the level (a tool after option parsing, a daemon at SIGUSR1..): raise by `more`. */
void log_raise(unsigned more);
/* Log at debug level from now on, where logs go anyway. */
void log_enable_debug(void);
/* Blackbox: SIGUSR1 on, SIGUSR2 off, SIGTRAP dump. */
void log_blackbox_enable(void);
void log_blackbox_disable(void);
void log_blackbox_dump(void);
void log_fini(void);

#endif
