/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CIB on disk: writing, backups, recovery from damage, the journal (spec 20 §10). */
#include "lib/cib/tests/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cib/cib_journal.h"
#include "lib/cib/cib_store.h"

#define WRITTEN "Mon Jan  1 00:00:00 2024"

static char *dir;

static int
make_directory(void **state)
{
    dir = g_dir_make_tmp("cib-store-XXXXXX", NULL);
    return dir != NULL ? 0 : -1;
}

static int
remove_directory(void **state)
{
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    const char *name;

    while (d != NULL && (name = g_dir_read_name(d)) != NULL) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        g_unlink(path);
    }
    g_rmdir(dir);
    g_free(dir);
    return 0;
}

static char *
in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static bool
exists(const char *name)
{
    g_autofree char *path = in_dir(name);

    return access(path, F_OK) == 0;
}

static char *
content(const char *name)
{
    g_autofree char *path = in_dir(name);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void
put(const char *name, const char *text)
{
    g_autofree char *path = in_dir(name);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int
write_epoch(int epoch)
{
    g_autoptr(xmlNode) root = parsed(BASE);

    xml_set_int(root, "epoch", epoch);
    return cib_store_write(dir, "cib.xml", root, WRITTEN, NULL, NULL, NULL);
}

static int
loaded_epoch(void)
{
    struct cib_store_loaded l;
    int epoch;

    cib_store_load(dir, &l);
    epoch = l.root != NULL ? (int)xml_get_int(l.root, "epoch", -1) : -1;
    xml_free(l.root);
    g_free(l.digest);
    g_free(l.source);
    return epoch;
}

static guint
count_set_aside(void)
{
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    const char *name;
    guint n = 0;

    while ((name = g_dir_read_name(d)) != NULL) {
        n += g_str_has_prefix(name, "cib.auto.");
    }
    return n;
}

static void
what_is_written_has_no_status_and_a_matching_signature(void **state)
{
    g_autofree char *path = in_dir("cib.xml"), *signature = NULL, *digest = NULL;
    g_autoptr(xmlNode) root = NULL;
    struct stat st;

    assert_int_equal(write_epoch(5), RC_OK);
    root = xml_parse_file(path, XML_PARSE_STRICT, NULL);
    assert_non_null(root);
    assert_null(xml_first(root, "status"));
    assert_string_equal(xml_get(root, "num_updates"), "0");
    assert_string_equal(xml_get(root, "cib-last-written"), WRITTEN);
    signature = content("cib.xml.sig");
    digest = cib_digest_v1(root);
    assert_string_equal(signature, digest);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void
each_write_keeps_the_previous_one_under_the_next_number(void **state)
{
    g_autofree char *last = NULL, *raw = NULL;

    write_epoch(1);
    write_epoch(2);
    write_epoch(3);
    last = content("cib.last");
    assert_string_equal(last, "3");
    assert_false(exists("cib-0.raw"));
    raw = content("cib-2.raw");
    assert_non_null(strstr(raw, "epoch=\"2\""));
    assert_true(exists("cib-2.raw.sig"));
    put("cib.last", "99");
    write_epoch(4);
    g_free(last);
    last = content("cib.last");
    assert_string_equal(last, "0");
    assert_true(exists("cib-99.raw"));
}

static void
values_that_need_care_survive_the_disk(void **state)
{
    g_autoptr(xmlNode) root = parsed(BASE);

    xml_set(xml_first(root, "configuration"), "description", "café & <bar> \"x\"\ttab\nline");
    assert_int_equal(cib_store_write(dir, "cib.xml", root, WRITTEN, NULL, NULL, NULL), RC_OK);
    assert_int_equal(loaded_epoch(), 5);
}

static void
a_file_changed_by_hand_is_set_aside_and_the_newest_backup_used(void **state)
{
    g_autofree char *text = NULL, *edited = NULL;
    g_auto(GStrv) parts = NULL;

    write_epoch(1);
    g_usleep(20000);
    write_epoch(2);
    g_usleep(20000);
    write_epoch(3);
    text = content("cib.xml");
    parts = g_strsplit(text, "Dummy", 2);
    edited = g_strjoin("Edited", parts[0], parts[1], NULL);
    put("cib.xml", edited);
    assert_int_equal(write_epoch(9), RC_CIB_MODIFIED); /* a running daemon does not overwrite it */
    assert_int_equal(loaded_epoch(), 2);
    assert_int_equal(count_set_aside(), 2);
    assert_false(exists("cib.xml"));
    assert_int_equal(write_epoch(4), RC_OK);
}

static void
known_files_are_not_read_again_but_changed_ones_are(void **state)
{
    g_autoptr(xmlNode) root = parsed(BASE);
    struct cib_store_marks marks;
    g_autofree char *text = NULL, *edited = NULL;

    write_epoch(1);
    cib_store_take_marks(dir, "cib.xml", &marks);
    assert_int_equal(cib_store_write(dir, "cib.xml", root, WRITTEN, &marks, NULL, NULL), RC_OK);
    cib_store_take_marks(dir, "cib.xml", &marks);
    text = content("cib.xml");
    edited = g_strdup(text);
    *strchr(edited, '5') = '6'; /* same size */
    put("cib.xml", edited);
    assert_int_equal(cib_store_write(dir, "cib.xml", root, WRITTEN, &marks, NULL, NULL), RC_CIB_MODIFIED);
}

static void
a_truncated_file_is_set_aside_too(void **state)
{
    write_epoch(1);
    g_usleep(20000);
    write_epoch(2);
    put("cib.xml", "");
    assert_int_equal(loaded_epoch(), 1);
    assert_int_equal(write_epoch(3), RC_OK);
}

static void
a_missing_signature_is_accepted(void **state)
{
    g_autofree char *sig = in_dir("cib.xml.sig");

    write_epoch(7);
    g_unlink(sig);
    assert_int_equal(loaded_epoch(), 7);
}

static void
an_empty_signature_is_not(void **state)
{
    write_epoch(6);
    g_usleep(20000);
    write_epoch(7);
    put("cib.xml.sig", "");
    assert_int_equal(loaded_epoch(), 6);
}

static void
a_missing_file_with_backups_is_recovered_from_them(void **state)
{
    g_autofree char *path = in_dir("cib.xml");

    write_epoch(1);
    write_epoch(2);
    g_unlink(path);
    assert_int_equal(loaded_epoch(), 1);
}

static void
an_empty_directory_holds_nothing(void **state)
{
    assert_int_equal(loaded_epoch(), -1);
}

/* --- journal --- */

/* Make a change and return its record. */
static GString *
change(struct cib_doc *d, const char *op, const char *section, const char *input)
{
    g_autoptr(xmlNode) payload = parsed(input);
    struct cib_update u = { .op = op, .section = section, .payload = payload, .written = WRITTEN, .origin = "n1" };
    struct cib_update_result r;
    GString *record;

    cib_update_run(d, NULL, &u, &r);
    assert_int_equal(r.rc, RC_OK);
    record = cib_journal_record(r.patch, d->root);
    cib_update_result_clear(&r);
    return record;
}

static char *
image_text(const xmlNode *root)
{
    g_autoptr(xmlNode) image = cib_store_image(root, NULL);

    return xml_to_text(image, XML_TEXT_PLAIN);
}

static const char *const changes[][3] = {
    { CIB_OP_CREATE, "resources", "<primitive id='J1' class='ocf' type='Dummy'/>" },
    { CIB_OP_MODIFY, NULL, "<primitive id='A' description='é &amp; &lt;x&gt;'/>" },
    { CIB_OP_DELETE, NULL, "<primitive id='C'/>" },
    { CIB_OP_REPLACE, "constraints", "<constraints><rsc_location id='l9' rsc='A'/><rsc_location id='l1' rsc='J1'/></constraints>" },
};

static void
replaying_the_journal_gives_the_document_stamps_included(void **state)
{
    struct cib_doc *d = document(BASE);
    xmlNode *old = parsed(BASE);
    g_autoptr(GString) journal = g_string_new(NULL);
    g_autofree char *want = NULL, *got = NULL;
    bool intact;

    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autoptr(GString) record = change(d, changes[i][0], changes[i][1], changes[i][2]);

        g_string_append_len(journal, record->str, (gssize)record->len);
    }
    assert_int_equal(cib_journal_replay_text(&old, journal->str, journal->len, &intact), G_N_ELEMENTS(changes));
    assert_true(intact);
    want = image_text(d->root);
    got = image_text(old);
    assert_string_equal(got, want);
    xml_free(old);
    cib_doc_free(d);
}

static void
a_torn_record_ends_the_replay_and_harms_nothing_before_it(void **state)
{
    struct cib_doc *d = document(BASE);
    g_autoptr(GString) first = change(d, changes[0][0], changes[0][1], changes[0][2]);
    g_autofree char *want = image_text(d->root);
    g_autoptr(GString) second = change(d, changes[1][0], changes[1][1], changes[1][2]);

    for (gsize cut = 0; cut < second->len; cut += 7) {
        g_autoptr(GString) torn = g_string_new_len(first->str, (gssize)first->len);
        g_autofree char *got = NULL;
        xmlNode *root = parsed(BASE);
        bool intact;

        g_string_append_len(torn, second->str, (gssize)cut);
        assert_int_equal(cib_journal_replay_text(&root, torn->str, torn->len, &intact), 1);
        assert_int_equal(intact, cut == 0);
        got = image_text(root);
        assert_string_equal(got, want);
        xml_free(root);
    }
    cib_doc_free(d);
}

static void
reserved_space_behind_the_records_is_no_damage(void **state)
{
    struct cib_doc *d = document(BASE);
    g_autoptr(GString) journal = change(d, changes[0][0], changes[0][1], changes[0][2]);
    xmlNode *root = parsed(BASE);
    bool intact;

    g_string_set_size(journal, journal->len + 1000);
    memset(journal->str + journal->len - 1000, 0, 1000);
    assert_int_equal(cib_journal_replay_text(&root, journal->str, journal->len, &intact), 1);
    assert_true(intact);
    xml_free(root);
    cib_doc_free(d);
}

/* Records of more than what is reserved at a time, in a segment that grows. */
static void
a_segment_takes_more_than_was_reserved_at_first(void **state)
{
    struct cib_doc *d = document(BASE);
    g_autoptr(GString) record = change(d, changes[0][0], changes[0][1], changes[0][2]);
    struct cib_journal *j = cib_journal_begin(dir, 1);
    g_autofree char *path = g_strdup_printf("%s/cib.journal.1", dir), *text = NULL;
    unsigned n = 1;
    gsize len;
    xmlNode *root = parsed(BASE);
    bool intact;

    assert_int_equal(cib_journal_append(j, record->str, record->len), RC_OK);
    for (; n * record->len < 300 * 1024; n++) {
        assert_int_equal(cib_journal_append(j, record->str, record->len), RC_OK);
    }
    cib_journal_close(j);
    assert_true(g_file_get_contents(path, &text, &len, NULL));
    assert_true(len > n * record->len);
    for (unsigned i = 0; i < n; i++) {
        assert_memory_equal(text + i * record->len, record->str, record->len);
    }
    cib_journal_replay_text(&root, text + (n - 1) * record->len, len - (n - 1) * record->len, &intact);
    assert_true(intact);
    xml_free(root);
    cib_doc_free(d);
}

static int
note_base(const char *digest, void *data)
{
    return cib_journal_note_base(dir, GPOINTER_TO_UINT(data), digest);
}

static int
crash_before_rename(const char *digest, void *data)
{
    cib_journal_note_base(dir, GPOINTER_TO_UINT(data), digest);
    return EIO;
}

static void
append(unsigned segment, GString *record)
{
    struct cib_journal *j = cib_journal_begin(dir, segment);

    assert_non_null(j);
    assert_int_equal(cib_journal_append(j, record->str, record->len), RC_OK);
    cib_journal_close(j);
}

/* Load as the daemon does; the description of A, or NULL. */
static char *
description_after_start(void)
{
    struct cib_store_loaded l;
    xmlNode *a;
    char *text;

    cib_store_load(dir, &l);
    assert_non_null(l.root);
    if (l.digest != NULL) {
        cib_journal_replay(dir, l.digest, &l.root);
    }
    a = cib_patch_locate(l.root, "/cib/configuration/resources/primitive[@id='A']", -1);
    text = g_strdup(xml_get(a, "description"));
    xml_free(l.root);
    g_free(l.digest);
    g_free(l.source);
    return text;
}

/*
 * cib.xml is written as segment 1 begins, "one" is journaled, a rewrite begins with segment 2, "two" is journaled:
 * whatever instant the power fails at, both changes are there.
 */
static void
what_was_acknowledged_survives_a_crash_at_any_point_of_a_rewrite(void **state)
{
    struct cib_doc *d = document(BASE);
    g_autoptr(GString) one = NULL, two = NULL;
    g_autofree char *after = NULL;

    assert_int_equal(cib_store_write(dir, "cib.xml", d->root, WRITTEN, NULL, note_base, GUINT_TO_POINTER(1)), RC_OK);
    one = change(d, CIB_OP_MODIFY, NULL, "<primitive id='A' description='one'/>");
    append(1, one);
    after = description_after_start();
    assert_string_equal(after, "one");

    /* the rewrite gets as far as its base note */
    assert_int_equal(cib_store_write(dir, "cib.xml", d->root, WRITTEN, NULL, crash_before_rename, GUINT_TO_POINTER(2)), RC_CIB_SAVE);
    two = change(d, CIB_OP_MODIFY, NULL, "<primitive id='A' description='two'/>");
    append(2, two);
    g_free(after);
    after = description_after_start();
    assert_string_equal(after, "two");

    /* it gets through (with the document as of its begin); segment 1 is not pruned yet */
    cib_doc_begin(d);
    cib_doc_set(d, cib_doc_find_id(d, d->root, "primitive", "A", false), "description", "one");
    cib_doc_set_int(d, d->root, "epoch", 6);
    assert_int_equal(cib_store_write(dir, "cib.xml", d->root, WRITTEN, NULL, note_base, GUINT_TO_POINTER(2)), RC_OK);
    cib_doc_undo(d);
    g_free(after);
    after = description_after_start();
    assert_string_equal(after, "two");
    cib_journal_prune(dir, 2);
    assert_false(exists("cib.journal.1"));
    g_free(after);
    after = description_after_start();
    assert_string_equal(after, "two");
    cib_doc_free(d);
}

static void
a_journal_of_another_document_is_ignored(void **state)
{
    struct cib_doc *d = document(BASE);
    g_autoptr(GString) one = change(d, CIB_OP_MODIFY, NULL, "<primitive id='A' description='one'/>");
    g_autofree char *after = NULL;

    cib_journal_note_base(dir, 1, "0123456789abcdef0123456789abcdef");
    append(1, one);
    write_epoch(5);
    after = description_after_start();
    assert_null(after);
    cib_doc_free(d);
}

int
main(void)
{
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(what_is_written_has_no_status_and_a_matching_signature),
        IN_DIRECTORY(each_write_keeps_the_previous_one_under_the_next_number),
        IN_DIRECTORY(values_that_need_care_survive_the_disk),
        IN_DIRECTORY(a_file_changed_by_hand_is_set_aside_and_the_newest_backup_used),
        IN_DIRECTORY(known_files_are_not_read_again_but_changed_ones_are),
        IN_DIRECTORY(a_truncated_file_is_set_aside_too),
        IN_DIRECTORY(a_missing_signature_is_accepted),
        IN_DIRECTORY(an_empty_signature_is_not),
        IN_DIRECTORY(a_missing_file_with_backups_is_recovered_from_them),
        IN_DIRECTORY(an_empty_directory_holds_nothing),
        IN_DIRECTORY(replaying_the_journal_gives_the_document_stamps_included),
        IN_DIRECTORY(a_torn_record_ends_the_replay_and_harms_nothing_before_it),
        IN_DIRECTORY(what_was_acknowledged_survives_a_crash_at_any_point_of_a_rewrite),
        IN_DIRECTORY(reserved_space_behind_the_records_is_no_damage),
        IN_DIRECTORY(a_segment_takes_more_than_was_reserved_at_first),
        IN_DIRECTORY(a_journal_of_another_document_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
