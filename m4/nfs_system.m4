# SPDX-License-Identifier: GPL-3.0-or-later

# NFS_FOLDER(VARIABLE, OPTION, WHAT, DEFAULT): a folder that --with-OPTION=DIR names, or none of it
# with --without-OPTION.
AC_DEFUN([NFS_FOLDER], [
  AC_ARG_WITH([$2],
    [AS_HELP_STRING([--with-$2=DIR], [where $3 go @<:@$4@:>@; or --without-$2])],
    [], [with_$2='$4'])
  AS_CASE([$with_$2],
    [yes], [$1='$4'],
    [no], [$1=],
    [$1="$with_$2"])
  AC_SUBST([$1])
])

# Where services and completions are looked for. systemd reads /usr/local/lib as well.
AC_DEFUN([NFS_SYSTEM_FOLDERS], [
  NFS_FOLDER([systemdsystemunitdir], [systemdsystemunitdir], [systemd's units],
             [${prefix}/lib/systemd/system])
  NFS_FOLDER([tmpfilesdir], [tmpfilesdir], [tmpfiles.d files], [${prefix}/lib/tmpfiles.d])
  NFS_FOLDER([bashcompletiondir], [bashcompletiondir], [completions of bash],
             [${datarootdir}/bash-completion/completions])
  NFS_FOLDER([zshcompletiondir], [zshcompletiondir], [completions of zsh],
             [${datarootdir}/zsh/site-functions])
  AM_CONDITIONAL([HAVE_SYSTEMD], [test "x$systemdsystemunitdir" != x])
  AM_CONDITIONAL([HAVE_TMPFILES], [test "x$tmpfilesdir" != x])
  AM_CONDITIONAL([HAVE_BASH_COMPLETION], [test "x$bashcompletiondir" != x])
  AM_CONDITIONAL([HAVE_ZSH_COMPLETION], [test "x$zshcompletiondir" != x])
])
