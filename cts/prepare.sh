# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `quickstart` and `check` share: install what is missing, build, stage.  Sourced by both from the top folder.
# Never starts a service of the machine: packages are installed with service starts forbidden.

BUILD_PACKAGES="gcc make autoconf automake pkg-config libc6-dev libqb-dev libcorosync-common-dev libcpg-dev libcmap-dev
    libcfg-dev libquorum-dev libglib2.0-dev libxml2-dev libxslt1-dev libgnutls28-dev libbz2-dev libpam0g-dev
    libncurses-dev libcmocka-dev"
LAB_PACKAGES="corosync booth dlm-controld resource-agents nginx-light curl iproute2 iputils-arping util-linux procps python3"
CHECK_PACKAGES="graphviz clang libclang-rt-14-dev libxml2-utils bzip2 xz-utils cluster-glue qemu-system-x86 python3-markdown"
LONG_PACKAGES="apache2 drbd-utils e2fsprogs dpkg-dev debhelper debootstrap fakeroot lintian rpm rpmlint
    podman crun containernetworking-plugins iptables" # cts/vm, cts/packages, cts/lab/containers.py

say() { printf '%s\n' "== $*"; }
die() { printf '%s\n' "$0: $*" >&2; exit 1; }

need_root() {
    [ "$(id -u)" -eq 0 ] || die "needs root (it makes network namespaces and installs packages): run it with sudo"
}

# The nodes' own files are laid over the machine's; one that debootstrap made has no /etc/hosts yet.
[ -e /etc/hosts ] || [ "$(id -u)" -ne 0 ] || : >/etc/hosts

# install_packages NAME...: what is missing of them.  A package's services are not started: the machine is not a node.
install_packages() {
    local missing="" p policy=/usr/sbin/policy-rc.d made=""
    for p in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
    done
    [ -n "$missing" ] || return 0
    say "installing:$missing"
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy && made=1
    fi
    apt-get -qq update || true
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >"$PWD/build-packages.log" 2>&1
    local rc=$?
    [ -z "$made" ] || rm -f $policy
    [ $rc -eq 0 ] || { tail -n 20 build-packages.log >&2; die "apt-get could not install$missing (see build-packages.log)"; }
    rm -f build-packages.log
}

# fetch_package NAME FOLDER: unpack a package that cannot be installed beside another one.
fetch_package() {
    [ -d "$2" ] && return 0
    mkdir -p "$2.new" && (cd "$2.new" && apt-get -qq download "$1" && dpkg -x "$1"_*.deb . && rm -f "$1"_*.deb) \
        || { rm -rf "$2.new"; die "apt-get could not fetch $1"; }
    mv "$2.new" "$2"
}

# build_tree FOLDER [CONFIGURE OPTION...]: configure once, build; compiler output goes to FOLDER/build.log.
build_tree() {
    local dir=$1; shift
    [ -x configure ] && [ configure -nt configure.ac ] || ./autogen.sh >autogen.log 2>&1 || { cat autogen.log >&2; die "autogen.sh failed"; }
    rm -f autogen.log
    mkdir -p "$dir"
    if [ ! -f "$dir/Makefile" ]; then
        ! command -v ccache >/dev/null || set -- CC="ccache gcc" "$@"
        (cd "$dir" && ../configure --prefix=/usr --sysconfdir=/etc --localstatedir=/var --with-runstatedir=/run "$@" >configure.out 2>&1) \
            || { tail -n 20 "$dir/configure.out" >&2; die "configure failed (see $dir/configure.out)"; }
    fi
    make -C "$dir" -j"$(nproc)" all >"$dir/build.log" 2>&1 \
        || { grep -E 'error|Error|warning' "$dir/build.log" | head -n 20 >&2; die "the build failed (see $dir/build.log)"; }
}

# stage_tree FOLDER: install into FOLDER/stage, where the lab takes it from; the cluster's user and group as `make install` makes them.
stage_tree() {
    rm -rf "$1/stage"
    make -C "$1" install DESTDIR="$PWD/$1/stage" >"$1/install.log" 2>&1 || { tail -n 20 "$1/install.log" >&2; die "make install failed"; }
    make -C "$1" install-users >>"$1/install.log" 2>&1 || die "cannot create the cluster's user and group (see $1/install.log)"
}
