/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The key that all nodes of a cluster share with its Pacemaker Remote nodes: where it is looked for.  Used by remote_tls.c, and by
 * programs that want to say beforehand that there is none.  Never keeps a copy.  (spec 50 §12.2)
 */
#ifndef IPC_REMOTE_KEY_H
#define IPC_REMOTE_KEY_H

#include <glib.h>

/* The name that clients give with the key. */
#define REMOTE_KEY_USER "lrmd"

/*
 * The whole content of the first file that can be read and is not empty: PCMK_authkey_location, /etc/pacemaker/authkey,
 * /etc/corosync/authkey.  NULL if there is none (not logged); g_bytes_unref().
 */
GBytes *remote_key_read(void);

#endif
