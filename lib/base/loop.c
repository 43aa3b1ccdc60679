/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File descriptors in GLib's main loop.  Called by the connections of lib/ipc and lib/cluster.  Never reads or writes.
 */
#include "lib/base/loop.h"

guint
loop_watch_fd(int priority, int fd, GIOCondition condition, GUnixFDSourceFunc callback, gpointer data, GDestroyNotify destroy)
{
    GSource *source = g_unix_fd_source_new(fd, condition);
    guint id;

    g_source_set_priority(source, priority);
    g_source_set_can_recurse(source, TRUE);
    g_source_set_callback(source, G_SOURCE_FUNC(callback), data, destroy);
    id = g_source_attach(source, NULL);
    g_source_unref(source);
    return id;
}
