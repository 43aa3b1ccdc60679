## SPDX-License-Identifier: GPL-2.0-or-later
ocfpacemakerdir = $(ocfdir)/resource.d/pacemaker
dist_ocfpacemaker_SCRIPTS = \
	agents/ocf/Dummy \
	agents/ocf/Stateful \
	agents/ocf/attribute \
	agents/ocf/ping \
	agents/ocf/remote
