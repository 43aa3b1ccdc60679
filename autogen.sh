#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Generate the build system from configure.ac and Makefile.am; run once after a checkout.
set -e
cd "$(dirname "$0")"
autoreconf --force --install --warnings=all,no-obsolete
