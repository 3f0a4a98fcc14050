#!/bin/sh
# Becomes a command that sees the file system of a Lambda sandbox. To be run in a mount namespace of its own, with
# which everything done here vanishes: sandbox_namespace.sh TASK_ROOT LAYER LANGUAGE PACKAGES RUNTIME RAPID COMMAND...
# TMP_OPTIONS are the mount options of /tmp.

set -e
task_root=$1 layer=$2 language=$3 packages=$4 runtime=$5 rapid=$6
shift 6

mount --make-rprivate /
# The host has no /var/task and shall get none: the directories lie in memory and are shown as /var.
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/task /mnt/lang /mnt/runtime /mnt/rapid
mount --bind "$task_root" /mnt/task
mount --bind "$language" /mnt/lang
[ -z "$packages" ] || mount --bind "$packages" "$(echo /mnt/lang/lib/python3.*/site-packages)"
mount --bind "$runtime" /mnt/runtime
mount --bind "$rapid" /mnt/rapid
mount --bind "$layer" /opt
for read_only in /mnt/task /opt; do
    mount -o remount,bind,ro "$read_only"
done
mount --rbind /mnt /var
# Last, because the directories above may lie in /tmp.
mount -t tmpfs -o "mode=1777${TMP_OPTIONS:+,$TMP_OPTIONS}" tmpfs /tmp

cd /var/task
exec "$@"
