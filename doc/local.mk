## SPDX-License-Identifier: GPL-2.0-or-later
## Manual pages are what programs, daemons and agents say of themselves (doc/make-man); `make man` and `make install` make them.
man_daemons = daemons/cib/pacemaker-based daemons/controld/pacemaker-controld daemons/fenced/pacemaker-fenced \
	daemons/schedulerd/pacemaker-schedulerd

doc/man/stamp: doc/make-man $(sbin_PROGRAMS) $(daemon_PROGRAMS) $(dist_sbin_SCRIPTS) $(dist_ocfpacemaker_SCRIPTS)
	rm -rf doc/man && mkdir -p doc/man
	for p in $(sbin_PROGRAMS) $(daemon_PROGRAMS); do \
		$(PYTHON) $(srcdir)/doc/make-man $$p >doc/man/$${p##*/}.8 || exit 1; \
	done
	for p in $(dist_sbin_SCRIPTS); do \
		case $$p in */fence_*) kind=--agent ;; *) kind= ;; esac; \
		$(PYTHON) $(srcdir)/doc/make-man $$kind $(srcdir)/$$p >doc/man/$${p##*/}.8 || exit 1; \
	done
	for p in $(man_daemons); do \
		$(PYTHON) $(srcdir)/doc/make-man --options $$p >doc/man/$${p##*/}.7 || exit 1; \
	done
	for p in $(dist_ocfpacemaker_SCRIPTS); do \
		$(PYTHON) $(srcdir)/doc/make-man --agent $(srcdir)/$$p >doc/man/ocf_pacemaker_$${p##*/}.7 || exit 1; \
	done
	cp doc/man/pacemaker-remoted.8 doc/man/pacemaker_remoted.8
	touch $@

man: doc/man/stamp
.PHONY: man

install-data-local: doc/man/stamp
	$(MKDIR_P) $(DESTDIR)$(mandir)/man7 $(DESTDIR)$(mandir)/man8
	$(INSTALL_DATA) doc/man/*.7 $(DESTDIR)$(mandir)/man7
	$(INSTALL_DATA) doc/man/*.8 $(DESTDIR)$(mandir)/man8

uninstall-local:
	for page in doc/man/*.[78]; do rm -f $(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/}; done

clean-local:
	rm -rf doc/man doc/html

html:
	$(srcdir)/doc/make-html $(srcdir)/doc doc/html
.PHONY: html
