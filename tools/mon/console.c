/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_mon on a terminal: the curses screen and its keys.  Called by live.c.  (spec 80 §5.5)
 */
#include "tools/mon/mon.h"

#include <glib-unix.h>
#include <curses.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool showing_help;

/* --- writing --- */

void
mon_console_write(const char *text, void *data)
{
    struct mon *m = data;

    if (m->console_open) {
        addstr(text);
        clrtoeol();
        refresh();
    }
}

void
mon_console_clear(struct mon *m)
{
    if (m->console_open) {
        erase();
        move(0, 0);
    }
}

/* --- keys --- */

/* What a key switches: bits of sections or of show; or the fencing level. */
static const struct key {
    int key;
    const char *text;
    unsigned section, show;
} keys[] = {
    { 'c', "Display cluster tickets", SECTION_TICKETS, 0 },
    { 'f', "Display resource fail counts", SECTION_FAILCOUNTS, 0 },
    { 'n', "Group resources by node", 0, SHOW_BY_NODE },
    { 'o', "Display resource operation history", SECTION_OPERATIONS, 0 },
    { 'r', "Display inactive resources", 0, SHOW_INACTIVE },
    { 't', "Display resource operation history with timing", 0, SHOW_TIMING },
    { 'A', "Display node attributes", SECTION_ATTRIBUTES, 0 },
    { 'L', "Display negative location constraints", SECTION_BANS, 0 },
    { 'D', "Hide the summary", SECTION_SUMMARY, 0 },
    { 'R', "Show more details", 0, SHOW_DETAIL },
    { 'b', "Count resources instead of listing them", 0, SHOW_BRIEF },
    { 'j', "Display pending actions", 0, SHOW_PENDING },
};

static bool
is_on(const struct mon *m, const struct key *k)
{
    if (k->key == 'D') {
        return (m->sections & SECTION_SUMMARY) == 0;
    }
    return k->section != 0 ? (m->sections & k->section) != 0 : (m->show & k->show) != 0;
}

static int
fencing_level(const struct mon *m)
{
    if (!m->fencing || !(m->sections & SECTION_FENCING_ALL)) {
        return 0;
    }
    if ((m->sections & SECTION_FENCING_ALL) != SECTION_FENCING_ALL) {
        return 1;
    }
    return m->full_history ? 3 : 2;
}

static void
next_fencing_level(struct mon *m)
{
    int level = (fencing_level(m) + 1) % 4;

    m->sections &= ~(unsigned)SECTION_FENCING_ALL;
    m->fencing = level > 0;
    m->full_history = level == 3;
    if (level == 1) {
        m->sections |= SECTION_FENCE_FAILED | SECTION_FENCE_PENDING;
    } else if (level > 1) {
        m->sections |= SECTION_FENCING_ALL;
    }
    mon_connect_fencer(m, true);
}

static void
press(struct mon *m, const struct key *k)
{
    if (k->key == 'D') { /* any of it shown: hide all */
        if (m->sections & SECTION_SUMMARY) {
            m->sections &= ~(unsigned)SECTION_SUMMARY;
        } else {
            m->sections |= SECTION_SUMMARY;
        }
        return;
    }
    m->sections ^= k->section;
    if (k->show == SHOW_DETAIL) {
        m->show = is_on(m, k) ? m->show & ~(unsigned)SHOW_DETAIL : m->show | SHOW_DETAIL;
    } else {
        m->show ^= k->show;
    }
    if (k->key == 'o' && !(m->sections & SECTION_OPERATIONS)) {
        m->show &= ~(unsigned)SHOW_TIMING;
    } else if (k->key == 't' && (m->show & SHOW_TIMING)) {
        m->sections |= SECTION_OPERATIONS;
    }
}

static void
show_help(struct mon *m)
{
    erase();
    move(0, 0);
    printw("Display option change mode\n\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        printw("%c %c: \t%s\n", is_on(m, &keys[i]) ? '*' : ' ', keys[i].key, keys[i].text);
    }
    printw("%d m: \tDisplay fencing history\n", fencing_level(m));
    printw("\nToggle fields via field letter, type any other key to return\n");
    refresh();
}

static gboolean
on_key(int fd, GIOCondition condition, void *data)
{
    struct mon *m = data;
    int key = getch();
    bool known = key == 'm';

    if (key == ERR) {
        return (condition & (G_IO_HUP | G_IO_ERR)) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
    }
    if (key == 'm') {
        next_fencing_level(m);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].key == key) {
            press(m, &keys[i]);
            known = true;
        }
    }
    showing_help = key == '?' || (showing_help && known);
    if (showing_help) {
        show_help(m);
    } else {
        mon_redraw(m);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
on_resize(void *data)
{
    struct mon *m = data;
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
        resizeterm(size.ws_row, size.ws_col);
    }
    mon_redraw(m);
    return G_SOURCE_CONTINUE;
}

void
mon_console_start(struct mon *m)
{
    if (initscr() == NULL) {
        return;
    }
    cbreak();
    noecho();
    nodelay(stdscr, TRUE);
    m->console_open = true;
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_key, m);
    g_unix_signal_add(SIGWINCH, on_resize, m);
}

void
mon_console_stop(struct mon *m)
{
    if (m->console_open) {
        m->console_open = false;
        echo();
        nocbreak();
        endwin();
    }
}
