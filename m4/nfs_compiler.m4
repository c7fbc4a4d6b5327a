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

# --enable-fuzzer: the programs tests/fuzz/fuzz_* for libFuzzer, which clang brings, and everything
# else with the sanitizers and the instrumentation that libFuzzer steers by.
AC_DEFUN([NFS_FUZZER], [
  AC_ARG_ENABLE([fuzzer],
    [AS_HELP_STRING([--enable-fuzzer], [build the libFuzzer programs tests/fuzz/fuzz_* (needs clang)])],
    [], [enable_fuzzer=no])
  if test "x$enable_fuzzer" = xyes; then
    enable_sanitizers=yes
    nfs_saved="$CFLAGS"
    CFLAGS="$CFLAGS -fsanitize=fuzzer,address,undefined"
    AC_MSG_CHECKING([whether $CC has libFuzzer])
    AC_LINK_IFELSE([AC_LANG_SOURCE([[#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data && size > 99; }]])],
      [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([--enable-fuzzer needs clang with its libFuzzer: configure with CC=clang (Debian: clang, libclang-rt-dev)])])
    CFLAGS="$nfs_saved"
    SANITIZER_CFLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
  fi
  AM_CONDITIONAL([ENABLE_FUZZER], [test "x$enable_fuzzer" = xyes])
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
