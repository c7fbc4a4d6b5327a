# SPDX-License-Identifier: GPL-3.0-or-later

# NFS_TRY_FLAGS(VARIABLE, FLAGS): appends those of FLAGS that the compiler and linker take.
AC_DEFUN([NFS_TRY_FLAGS], [
  for flag in $2; do
    nfs_saved="$CFLAGS"
    CFLAGS="$CFLAGS -Werror $flag"
    AC_MSG_CHECKING([whether $CC takes $flag])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
                   [AC_MSG_RESULT([yes]); $1="[$]$1 $flag"], [AC_MSG_RESULT([no])])
    CFLAGS="$nfs_saved"
  done
  AC_SUBST([$1])
])

# --enable-sanitizers: address and undefined behaviour.
AC_DEFUN([NFS_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers], [build with the address and undefined-behaviour sanitizers])],
    [], [enable_sanitizers=no])
  if test "x$enable_sanitizers" = xyes; then
    SANITIZER_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
  fi
  AC_SUBST([SANITIZER_CFLAGS])
])

AC_DEFUN([NFS_WARNINGS], [
  NFS_TRY_FLAGS([WARNING_CFLAGS], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef])
])

# The sanitizers bring their own checks; fortified functions would hide overreads from them.
AC_DEFUN([NFS_HARDENING], [
  if test "x$enable_sanitizers" != xyes; then
    NFS_TRY_FLAGS([HARDENING_CFLAGS], [-fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE])
    HARDENING_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
    NFS_TRY_FLAGS([HARDENING_LDFLAGS], [-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack])
  fi
  AC_SUBST([HARDENING_CPPFLAGS])
])
