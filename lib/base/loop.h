/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watching a file descriptor from the main loop, cheaply.  Used by whoever reads messages: IPC, the cluster layer.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <glib-unix.h>

/*
 * As g_unix_fd_add_full(), without the four system calls by which GLib takes the descriptor out of its set while the callback
 * runs and puts it back.  In return the callback must not run the main loop itself (it would be called anew within).
 */
guint loop_watch_fd(int priority, int fd, GIOCondition condition, GUnixFDSourceFunc callback, gpointer data, GDestroyNotify destroy);

#endif
